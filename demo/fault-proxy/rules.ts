/** What a fault line is told to do to one thing among many. All of it is plain data, so that a browser test can say it too. */

/** To the server, or to the page. */
export type Way = 'up' | 'down';

/** Which things of its kind a rule is about; all that is said must fit. Of several rules the first that fits acts. */
interface About {
  /** Regular expression for path and query (of a frame: those of its socket), without the line's prefix. */
  path?: string;
  /** So many that fit are let pass first. */
  skip?: number;
  /** Of those that fit, only each so manieth. */
  every?: number;
  /** So often it acts. Default: until it is lifted. */
  times?: number;
}

/** What may happen instead of the server's answer, to a handshake as to a request. */
export type Instead =
  /** Nothing: other rules and faults do not touch it. */
  | { do: 'pass' }
  /** An answer from a box in between. Any origin may read it, unless `cors` is false. Default body: a page that names the status. */
  | { do: 'answer'; status: number; headers?: Record<string, string>; body?: string; cors?: boolean }
  /** A sign-in page, 200. */
  | { do: 'captive-portal' }
  /** Nobody ever answers, and nothing reached the server. */
  | { do: 'hang' }
  /** The connection is ended, in order. */
  | { do: 'close' }
  /** TCP RST. */
  | { do: 'reset' }
  /** The server does it at once; its answer comes so much later. */
  | { do: 'delay'; ms: number };

/** Opening a WebSocket. An answer 200 is what a proxy gives that strips the upgrade. */
export type HandshakeRule = About & { on: 'handshake' } & Instead;

/** A REST request. Those that browsers ask beforehand (OPTIONS) are meant only where `method` says so. */
export type RequestRule = About & { on: 'request'; method?: string } & (
    | Instead
    /** The server does it, and its answer is lost. */
    | { do: 'swallow' }
    /** Without the headers that let a page of another origin read it. */
    | { do: 'no-cors' }
  );

/** A frame's content; for binary frames in base64. */
export type Content = { text: string } | { base64: string };

/**
 * A frame with a message, in one direction. Messages in pieces pass as they are, as do pings, pongs and closes.
 * `frame` is a regular expression for its text; with it, no binary frame is meant.
 */
export type FrameRule = About & { on: Way; frame?: string } & (
    | { do: 'pass' }
    | { do: 'drop' }
    /** So often in all. Default 2. */
    | { do: 'duplicate'; copies?: number }
    /** It comes after the next `by` frames of its direction (default 1), or after `ms` (default 1,000) where so many do not come. */
    | { do: 'reorder'; by?: number; ms?: number }
    /** `json`: the text ends in its middle. `utf8`: it holds a byte that no text has. */
    | { do: 'corrupt'; how?: 'json' | 'utf8' }
    /** Another frame. Default place: after it. */
    | ({ do: 'inject'; place?: 'before' | 'instead' | 'after' } & Content)
    /** It, and everything behind it, waits. */
    | { do: 'delay'; ms: number }
    /** Both ends are sent a close frame instead; without a code, one that names none. */
    | { do: 'hang-up'; code?: number; reason?: string }
    /** The connection is ended instead, without a close frame. */
    | { do: 'cut' }
    /** TCP RST instead; `inside`: after the first half of its bytes. */
    | { do: 'reset'; inside?: boolean }
    /** From this frame on nothing passes any more, in one direction or both (default), and the TCP connections stay. */
    | { do: 'half-open'; way?: Way | 'both' }
  );

export type Rule = HandshakeRule | RequestRule | FrameRule;

/** What of a fault line can be used from afar: what takes and gives plain data. */
export const REMOTE = ['set', 'rule', 'lift', 'acted', 'cut', 'halfOpen', 'hangUp', 'inject', 'listening', 'heal', 'stats'] as const;
export type Remote = (typeof REMOTE)[number];

interface Entry {
  id: number;
  rule: Rule;
  seen: number;
  acted: number;
}

/** The rules of a line, in the order in which they were given. */
export class Rules {
  readonly #entries = new Map<number, Entry>();
  #last = 0;

  /** @returns its number. @throws {SyntaxError} where an expression is none. */
  add(rule: Rule): number {
    for (const pattern of [rule.path, 'frame' in rule ? rule.frame : undefined]) if (pattern !== undefined) new RegExp(pattern);
    const id = ++this.#last;
    this.#entries.set(id, { id, rule, seen: 0, acted: 0 });
    return id;
  }

  /** Takes back one, or all. */
  lift(id?: number): void {
    if (id === undefined) this.#entries.clear();
    else this.#entries.delete(id);
  }

  /** How often one has acted. */
  acted(id: number): number {
    return this.#entries.get(id)?.acted ?? 0;
  }

  handshake(path: string): HandshakeRule | undefined {
    return this.#first((rule): rule is HandshakeRule => rule.on === 'handshake' && fits(rule.path, path));
  }

  request(method: string, path: string): RequestRule | undefined {
    return this.#first(
      (rule): rule is RequestRule => rule.on === 'request' && fits(rule.path, path) && (rule.method ? rule.method === method : method !== 'OPTIONS'),
    );
  }

  /** @param text undefined for a binary frame. */
  frame(way: Way, path: string, text: string | undefined): FrameRule | undefined {
    return this.#first(
      (rule): rule is FrameRule => rule.on === way && fits(rule.path, path) && (rule.frame === undefined || (text !== undefined && fits(rule.frame, text))),
    );
  }

  #first<Kind extends Rule>(isAbout: (rule: Rule) => rule is Kind): Kind | undefined {
    for (const entry of this.#entries.values()) {
      const { rule } = entry;
      if (!isAbout(rule)) continue;
      const { skip = 0, every = 1, times = Infinity } = rule;
      const place = entry.seen++ - skip;
      if (place < 0 || (place + 1) % every !== 0 || entry.acted >= times) continue;
      entry.acted++;
      return rule;
    }
    return undefined;
  }
}

const fits = (pattern: string | undefined, text: string): boolean => pattern === undefined || new RegExp(pattern).test(text);
