/** Rules for single handshakes, requests and frames. All rules are plain data, so that browser tests can send them. */

/** Towards the server, or towards the page. */
export type Direction = 'up' | 'down';

/** Selects what a rule applies to; all conditions must match. The first matching rule applies. */
interface RuleFilter {
  /** Regular expression for path and query (for a frame: those of its socket), without the proxy's prefix. */
  path?: string;
  /** Ignores the first `skip` matches. */
  skip?: number;
  /** Applies only to every nth match. */
  every?: number;
  /** How often the rule applies. Default: until it is removed. */
  times?: number;
}

/** Faults of a handshake or request. */
export type HttpFault =
  /** Exempt from other rules and faults. */
  | { do: 'pass' }
  /**
   * A response of an intermediary. Readable from any origin, unless `cors` is false. Default body: a page with the
   * status.
   */
  | { do: 'answer'; status: number; headers?: Record<string, string>; body?: string; cors?: boolean }
  /** A sign-in page with status 200. */
  | { do: 'captive-portal' }
  /** Never answered, and not forwarded to the server. */
  | { do: 'hang' }
  /** The TCP connection is closed. */
  | { do: 'close' }
  /** TCP RST. */
  | { do: 'reset' }
  /** Forwarded at once; the answer is delayed. */
  | { do: 'delay'; ms: number };

/** A WebSocket handshake. A proxy that strips the upgrade answers with 200. */
export type HandshakeRule = RuleFilter & { on: 'handshake' } & HttpFault;

/** A REST request. Preflights (OPTIONS) match only with an explicit `method`. */
export type RequestRule = RuleFilter & { on: 'request'; method?: string } & (
    | HttpFault
    /** Processed by the server, but the answer is lost. */
    | { do: 'swallow' }
    /** Without CORS headers, so that a cross-origin page cannot read it. */
    | { do: 'no-cors' }
  );

/** The content of a frame; base64 for binary frames. */
export type FrameContent = { text: string } | { base64: string };

/**
 * A single-frame message in one direction. Fragmented messages and control frames always pass. `frame` is a regular
 * expression for the text; it never matches binary frames.
 */
export type FrameRule = RuleFilter & { on: Direction; frame?: string } & (
    | { do: 'pass' }
    | { do: 'drop' }
    /** Total number of copies. Default: 2. */
    | { do: 'duplicate'; copies?: number }
    /**
     * Delivered after the next `by` frames of its direction (default 1), or after `ms` (default 1,000) without enough
     * frames.
     */
    | { do: 'reorder'; by?: number; ms?: number }
    /** `json`: truncates the text. `utf8`: adds a byte that is invalid in UTF-8. */
    | { do: 'corrupt'; how?: 'json' | 'utf8' }
    /** An additional frame. Default place: after. */
    | ({ do: 'inject'; place?: 'before' | 'instead' | 'after' } & FrameContent)
    /** Delays the frame and everything after it. */
    | { do: 'delay'; ms: number }
    /** Sends a close frame to both ends instead; without `code`, an empty one. */
    | { do: 'send-close'; code?: number; reason?: string }
    /** Closes the connection instead, without a close frame. */
    | { do: 'cut' }
    /** TCP RST instead; `inside`: after the first half of the frame's bytes. */
    | { do: 'reset'; inside?: boolean }
    /** From this frame on nothing passes, in one direction or both (default), while the TCP connections stay open. */
    | { do: 'half-open'; direction?: Direction | 'both' }
  );

export type Rule = HandshakeRule | RequestRule | FrameRule;

/** The methods available remotely: those with serialisable arguments and results. */
export const REMOTE_METHODS = [
  'set',
  'rule',
  'removeRule',
  'timesApplied',
  'cut',
  'halfOpen',
  'sendClose',
  'inject',
  'setListening',
  'heal',
  'stats',
] as const;
export type RemoteMethod = (typeof REMOTE_METHODS)[number];

interface Entry {
  id: number;
  rule: Rule;
  seen: number;
  applied: number;
}

/** The rules of a proxy, in the order in which they were added. */
export class Rules {
  readonly #entries = new Map<number, Entry>();
  #last = 0;

  /** @returns the rule's id. @throws {SyntaxError} for an invalid regular expression. */
  add(rule: Rule): number {
    for (const pattern of [rule.path, 'frame' in rule ? rule.frame : undefined])
      if (pattern !== undefined) new RegExp(pattern);
    const id = ++this.#last;
    this.#entries.set(id, { id, rule, seen: 0, applied: 0 });
    return id;
  }

  /** Removes one rule, or all. */
  remove(id?: number): void {
    if (id === undefined) this.#entries.clear();
    else this.#entries.delete(id);
  }

  /** How often a rule has applied. */
  timesApplied(id: number): number {
    return this.#entries.get(id)?.applied ?? 0;
  }

  handshake(path: string): HandshakeRule | undefined {
    return this.#first((rule): rule is HandshakeRule => rule.on === 'handshake' && matchesPattern(rule.path, path));
  }

  request(method: string, path: string): RequestRule | undefined {
    return this.#first(
      (rule): rule is RequestRule =>
        rule.on === 'request' &&
        matchesPattern(rule.path, path) &&
        (rule.method ? rule.method === method : method !== 'OPTIONS'),
    );
  }

  /** @param text Undefined for a binary frame. */
  frame(direction: Direction, path: string, text: string | undefined): FrameRule | undefined {
    return this.#first(
      (rule): rule is FrameRule =>
        rule.on === direction &&
        matchesPattern(rule.path, path) &&
        (rule.frame === undefined || (text !== undefined && matchesPattern(rule.frame, text))),
    );
  }

  #first<Kind extends Rule>(matches: (rule: Rule) => rule is Kind): Kind | undefined {
    for (const entry of this.#entries.values()) {
      const { rule } = entry;
      if (!matches(rule)) continue;
      const { skip = 0, every = 1, times = Infinity } = rule;
      const place = entry.seen++ - skip;
      if (place < 0 || (place + 1) % every !== 0 || entry.applied >= times) continue;
      entry.applied++;
      return rule;
    }
    return undefined;
  }
}

const matchesPattern = (pattern: string | undefined, text: string): boolean =>
  pattern === undefined || new RegExp(pattern).test(text);
