/**
 * The user and the capabilities that the backend reports, in the greeting of a socket or in the response to `GET me/`.
 */
import type { Limits } from '../protocol/index.js';
import type { Clock, UserInfo } from '../transport/index.js';
import type { Report } from '../model/index.js';
import type { OutboxRegistry } from './outbox/outbox-registry.js';
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
  /** Whether the backend has reported them in this generation, or is known not to report them. */
  isKnown = false;
  /**
   * Empty for a baseline backend. Kept across reconnects, because a backend offers the same capabilities on each
   * socket.
   */
  capabilities: readonly string[] = [];
  limits: Limits = {};
  readonly #session: BackendInfoHost;

  constructor(session: BackendInfoHost) {
    this.#session = session;
  }

  has(capability: string): boolean {
    return this.capabilities.includes(capability);
  }

  /** @param info undefined if the backend does not report its user. */
  set(info: UserInfo | undefined, signal: AbortSignal): void {
    this.isKnown = true;
    if (!info) return;
    const { auth, clock, outboxes, report, tabs } = this.#session;
    const { userId: id, username, capabilities, limits = {}, timestamp, hideReceipts } = info;
    const { tokens } = auth;
    const { scope, lastScope } = outboxes;
    const isOther = lastScope !== '' && tabs.scopeFor(tokens.ownerIfConfirmed(id)) !== lastScope;
    // Report the user first: for another user the store resets everything, including this session.
    report({ type: 'user', id, username, isOther, isHidden: scope === '' });
    // A relayed greeting names the user of the leader's token, and its time may be old.
    if (!tabs.isFollower) {
      tokens.confirm(id);
      if (timestamp) tokens.skewMs = Date.parse(timestamp) - clock.now();
    }
    this.capabilities = capabilities;
    this.limits = limits;
    report({ type: 'offer', capabilities, limits, hideReceipts });
    void tabs.joinScope(signal);
  }
}
