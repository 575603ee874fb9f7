/** The user and the capabilities that the backend names: in the greeting of a socket, or in the answer to `GET me/`. */
import type { Clock } from '../transport/index.js';
import type { Report } from '../model/index.js';
import type { OutboxRegistry } from './outbox/outbox-registry.js';
import type { UserInfo } from './session-context.js';
import type { SessionAuth } from './auth/session-auth.js';
import type { TabCoordinator } from './tabs/tab-coordinator.js';

interface BackendInfoHost {
  readonly clock: Clock;
  readonly report: Report;
  readonly auth: SessionAuth;
  readonly outboxes: OutboxRegistry;
  readonly tabs: TabCoordinator;
}

export class BackendInfo {
  /** Whether the backend has named them in this generation, or is known not to do so. */
  isKnown = false;
  /** Empty: a backend of the baseline. Kept while the session lasts, because a backend offers the same on each socket. */
  capabilities: readonly string[] = [];
  readonly #session: BackendInfoHost;

  constructor(session: BackendInfoHost) {
    this.#session = session;
  }

  /** Whether the backend has a capability. */
  has(capability: string): boolean {
    return this.capabilities.includes(capability);
  }

  /** @param info undefined: the backend does not name its user. */
  set(info: UserInfo | undefined, signal: AbortSignal): void {
    this.isKnown = true;
    if (!info) return;
    const { auth, clock, outboxes, report, tabs } = this.#session;
    const { user_id: id, username, capabilities, limits = {}, timestamp } = info;
    const { tokens } = auth;
    const { scope, lastScope } = outboxes;
    const isOther = lastScope !== '' && tabs.scopeFor(tokens.ownerIfConfirmed(id)) !== lastScope;
    // First, because for another user the store resets everything, this session included.
    report({ type: 'user', id, username, isOther, isHidden: scope === '' });
    // A greeting that another tab relays names the user of that tab's token, and its timestamp may be old.
    if (!tabs.isFollower) {
      tokens.confirm(id);
      if (timestamp) tokens.skewMs = Date.parse(timestamp) - clock.now();
    }
    this.capabilities = capabilities;
    report({ type: 'offer', capabilities, limits });
    void tabs.joinScope(signal);
  }
}
