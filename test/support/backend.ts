/** A real backend behind a fault proxy, for browser tests. */
import { executeServerCommand } from '@web/test-runner-commands';
import type { Commands, StartOptions } from './backend-plugin.js';
import type { FaultProxy, Faults } from '../../demo/fault-proxy/fault-proxy.js';
import { REMOTE_METHODS, type RemoteMethod } from '../../demo/fault-proxy/rules.js';

/** The fault proxy, called remotely. */
export type RemoteFaultProxy = {
  [Name in RemoteMethod]: (...given: Parameters<FaultProxy[Name]>) => Promise<Awaited<ReturnType<FaultProxy[Name]>>>;
};

export interface Backend {
  /** Of the proxy. */
  url: string;
  /** Network faults: see demo/fault-proxy. */
  proxy: RemoteFaultProxy;
  token(userId: number, expiresIn?: number): Promise<string>;
  faults(faults: Partial<Faults>): Promise<void>;
  /** Breaks all open sockets. */
  cut(): Promise<void>;
  stop(): Promise<void>;
  restart(): Promise<void>;
  post(userId: number, roomId: number, content: string): Promise<number>;
  stored(roomId: number, content: string): Promise<number>;
  end(): Promise<void>;
}

const command = <Name extends keyof Commands>(
  name: Name,
  payload: Parameters<Commands[Name]>[0],
): ReturnType<Commands[Name]> =>
  executeServerCommand(`backend:${name}`, payload as never) as ReturnType<Commands[Name]>;

export async function startBackend(options: StartOptions = {}): Promise<Backend> {
  const { id, url } = await command('start', options);
  const proxy = Object.fromEntries(
    REMOTE_METHODS.map((call) => [call, (...given: unknown[]) => command('proxy', { id, call, given })]),
  ) as unknown as RemoteFaultProxy;
  return {
    url,
    proxy,
    token: (userId, expiresIn) => command('token', { id, userId, ...(expiresIn !== undefined && { expiresIn }) }),
    faults: (faults) => command('faults', { id, ...faults }),
    cut: () => command('cut', { id }),
    stop: () => command('stop', { id }),
    restart: () => command('restart', { id }),
    post: (userId, roomId, content) => command('post', { id, userId, roomId, content }),
    stored: (roomId, content) => command('stored', { id, roomId, content }),
    end: () => command('end', { id }),
  };
}
