import type { Vault } from './vault.js';

/** The device's vault, whose code is loaded beside the first connection. */
export function deviceVault(onTrouble: () => void): Vault {
  let vault: Promise<Vault | undefined> | undefined;
  const open = (): Promise<Vault | undefined> =>
    (vault ??= import('./device-vault.js').then(
      ({ DeviceVault }) => new DeviceVault(onTrouble),
      // Its code could not be had: once more when it is needed again.
      () => ((vault = undefined), onTrouble(), undefined),
    ));
  return {
    load: async (scope) => (await open())?.load(scope) ?? [],
    put: async (scope, kept) => (await open())?.put(scope, kept),
    delete: async (scope, localId) => (await open())?.delete(scope, localId),
    draft: async (scope, roomId) => (await open())?.draft(scope, roomId) ?? '',
    putDraft: async (scope, roomId, text) => (await open())?.putDraft(scope, roomId, text),
    purge: async () => (await open())?.purge(),
  };
}
