/**
 * Guards of the session and the store, each switched off in turn. `find` stands exactly once in `file`. A mutant is noticed
 * by the stories of test/model, or by the tests that `tests` names (they run in Chromium). `survives` gives the reason why
 * none can notice it.
 * @type {{ name: string, file: string, find: string, replace: string, tests?: string, survives?: string }[]}
 */
export const MUTANTS = [
  // What is counted
  { name: 'a known change is let in again', file: 'src/session/room-history.ts', find: 'seq <= this.#seq;', replace: 'seq < 0;', survives: 'Merging is idempotent: a change that is applied twice leaves the same picture. It saves work, not truth.' },
  { name: 'a hole is not seen', file: 'src/session/room-history.ts', find: 'if (seq !== this.#seq + 1) return false;', replace: '' },
  { name: 'live frames do not wait for the read', file: 'src/session/room-history.ts', find: 'if (this.#holding === 0 && this.#count(frame))', replace: 'if (this.#count(frame))', tests: 'test/session/session.test.ts' },
  { name: 'what was held is not let in', file: 'src/session/room-history.ts', find: 'this.#show(frame, true);', replace: '' },
  { name: 'reads of one room run together', file: 'src/session/room-history.ts', find: 'this.#running.catch(() => {}).then(() => this.#catchUp(source, signal))', replace: 'this.#catchUp(source, signal)', survives: 'What is read late takes nothing away (knownUpTo) and only makes the next read begin earlier. It saves requests.' },
  { name: 'an expired cursor is believed', file: 'src/session/catch-up.ts', find: 'if (!room || room.expired || room.seq < from)', replace: 'if (!room)' },
  { name: 'one page of changes is enough', file: 'src/session/catch-up.ts', find: 'if (!room.has_more || room.seq === from) return;', replace: 'return;' },
  { name: 'a page need not join what is known', file: 'src/session/catch-up.ts', find: 'known === undefined || !hasMore || joins(messages, known)', replace: 'true' },
  { name: 'a follower asks for changes over the shared socket', file: 'src/session/sharing.ts', find: " || frame.type === 'sync') return false;", replace: ') return false;' },
  { name: 'a hole is not filled', file: 'src/session/reader.ts', find: 'else if (!history.admit(frame)) this.#parts.onHole();', replace: 'else history.admit(frame);' },
  { name: 'a stale list of rooms is shown', file: 'src/session/reader.ts', find: 'if (this.#isListStale && again < MAX_LISTS) continue;', replace: '', tests: 'test/session/*.test.ts' },
  { name: 'nobody looks whether a frame was lost', file: 'src/session/session.ts', find: "if (isLive && !this.has('sync')) return;", replace: 'if (isLive) return;' },
  // The outbox
  { name: 'a message is shown before it is kept', file: 'src/session/outbox.ts', find: '      await this.#keep(kept);\n', replace: '' },
  { name: 'every tab sends', file: 'src/session/outbox.ts', find: 'if (queue.busy || !this.#leads) return;', replace: 'if (queue.busy) return;' },
  { name: 'two of a room are on their way at once', file: 'src/session/outbox.ts', find: 'if (queue.busy || !this.#leads) return;', replace: 'if (!this.#leads) return;' },
  { name: 'a discarded message leaves all the same', file: 'src/session/outbox.ts', find: 'if (earlier || item.discarded) return', replace: 'if (earlier) return' },
  { name: 'what has left without its name is not looked for', file: 'src/session/outbox.ts', find: 'return !item.unnamed && this.#isRecognising(item);', replace: 'return this.#isRecognising(item);' },
  { name: 'nobody looks before sending again', file: 'src/session/outbox.ts', find: 'if (!item.left) return undefined;', replace: 'return undefined;', tests: 'test/session/outbox.test.ts' },
  { name: 'REST sends without the name', file: 'src/session/outbox.ts', find: 'idempotencyKey: this.#isRecognising(item) ? item.localId : undefined', replace: 'idempotencyKey: undefined' },
  { name: 'nothing is restored', file: 'src/session/outbox.ts', find: 'const found = kept.filter((message) => this.#take(message));', replace: 'const found = kept.filter(() => false);' },
  { name: 'what another tab wrote is not taken', file: 'src/session/outbox.ts', find: "if (this.#take(message.kept)) report({ type: 'restored', messages: [message.kept] });", replace: '' },
  { name: 'what was written without a sign-in is not handed over', file: 'src/session/session.ts', find: '.then(() => this.#outbox.announce())', replace: '' },
  { name: 'a socket that ended still owes its answer', file: 'src/session/outbox.ts', find: "for (const { items } of this.#queues.values()) items[0]?.answer?.({ is: 'unknown' });", replace: '', survives: 'The deadline of the answer (confirmMs) says the same 6 s later: it saves time, not messages.' },
  { name: 'a message that was stored is kept for ever', file: 'src/session/outbox.ts', find: '    void this.#lines.vault.delete(this.#scope, localId);\n    this.#lines.tell({ kind: \'stored\'', replace: '    this.#lines.tell({ kind: \'stored\'', tests: 'test/session/*.test.ts' },
  { name: 'a refusal for good is tried again', file: 'src/session/outbox.ts', find: "        return { is: 'refused', error };\n    }", replace: '        return wait;\n    }' },
  { name: 'one person’s messages go out under another’s name', file: 'src/session/outbox.ts', find: 'if (this.#scope) this.clear();', replace: '', tests: 'test/{session,store,faults}/*.test.ts' },
  // The session
  { name: 'backoff does not grow', file: 'src/session/session.ts', find: 'failed = end.isHealthy ? 1 : failed + 1;', replace: 'failed = 1;', tests: 'test/session/session.test.ts' },
  { name: 'a socket that dies young counts as healthy', file: 'src/session/session.ts', find: 'clock.now() - connectedAt >= HEALTHY_MS', replace: 'true', tests: 'test/{session,faults}/*.test.ts' },
  { name: 'refused tokens are tried for ever', file: 'src/session/session.ts', find: 'if (refused && failed > PATIENCE) return this.#refuse(end.token);', replace: '', tests: 'test/{session,faults}/*.test.ts' },
  { name: 'a generation does not end', file: 'src/session/session.ts', find: '    this.#generation.abort();\n', replace: '' },
  { name: 'the old line stays with the new generation', file: 'src/session/session.ts', find: 'this.#line = this.#link = this.#leader', replace: 'this.#link = this.#leader' },
  { name: 'a follower opens a socket of its own', file: 'src/session/session.ts', find: 'if (this.#follows !== (open !== undefined))', replace: 'if (false as boolean)' },
  { name: 'a silent leader keeps the socket', file: 'src/session/session.ts', find: '        void this.#queueForSocket(locks!, this.#scope, signal, true);\n', replace: '', tests: 'test/{session,faults}/*.test.ts' },
  { name: 'connected before it is caught up', file: 'src/session/session.ts', find: '            if (!done) return;\n', replace: '', tests: 'test/session/session.test.ts' },
  { name: 'reading is not confirmed', file: 'src/session/session.ts', find: ') void line.verify();', replace: ') return;' },
  { name: 'the server’s patience is not respected', file: 'src/session/session.ts', find: 'if (error.retryAfterMs) this.#notBefore', replace: 'if (false as boolean) this.#notBefore', tests: 'test/{session,faults}/*.test.ts' },
  { name: 'the page is asked twice at once', file: 'src/session/token.ts', find: 'return (this.#answer ??= ask()', replace: 'return (this.#answer = ask()' },
  { name: 'the same refused token is good enough', file: 'src/session/token.ts', find: "return this.#token !== '' && this.#token === this.#refused;", replace: 'return false;', tests: 'test/session/session.test.ts' },
  { name: 'a page that never answers is waited for', file: 'src/session/token.ts', find: '        resolve(undefined);\n      });', replace: '      });' },
  { name: 'a dead line is not noticed', file: 'src/session/heartbeat.ts', find: 'if (now >= this.#deadline) return this.#dead();', replace: '' },
  { name: 'sleep is not noticed', file: 'src/session/heartbeat.ts', find: 'if (isLate) return this.probe();', replace: '', survives: 'The ordinary ping finds the dead line too, up to 25 s later: it saves time, not messages.' },
  { name: 'a line that slept is written to', file: 'src/session/line.ts', find: "if (this.#heartbeat?.isOverdue) this.end(CloseCode.timeout, 'slept');\n    return", replace: 'return', tests: 'test/{session,faults}/*.test.ts' },
  { name: 'nobody doubts that what is sent arrives', file: 'src/session/line.ts', find: "this.end(CloseCode.timeout, 'no answer to ping');\n  }", replace: 'return;\n  }' },
  // The store
  { name: 'an id stands twice', file: 'src/store/timeline.ts', find: 'if (at >= 0) {', replace: 'if (at >= 0 && next.length < 0) {' },
  { name: 'order does not matter', file: 'src/store/timeline.ts', find: 'next.splice(position(next, message), 0, entry);', replace: 'next.push(entry);' },
  { name: 'a stored message can fail', file: 'src/store/timeline.ts', find: "entry.localId === localId && entry.delivery !== 'sent'", replace: 'entry.localId === localId', tests: 'test/store/timeline.test.ts' },
  { name: 'what was deleted stays', file: 'src/store/timeline.ts', find: 'return isAfter && !(newest && order(entry, newest) <= 0);', replace: 'return true;' },
  { name: 'what is older than a page stays above the hole', file: 'src/store/reduce.ts', find: 'withoutGone(old.timeline, messages, true, event.knownUpTo)', replace: 'withoutGone(old.timeline, messages, !hasMore, event.knownUpTo)' },
  { name: 'a message stands alone above what is loaded', file: 'src/store/timeline.ts', find: "hasOlder && timeline[0]?.delivery === 'sent' && order(message, timeline[0]) < 0;", replace: 'false;' },
  { name: 'a late answer overwrites what is newer', file: 'src/store/reduce.ts', find: '{ ...(known ?? message), _tempId: message._tempId }', replace: 'message' },
  { name: 'read means all, whatever came since', file: 'src/store/reduce.ts', find: 'up_to === undefined || (last < 0', replace: 'true || (last < 0' },
  { name: 'what was held counts twice', file: 'src/store/reduce.ts', find: 'const isCounted = wasHeld && ', replace: 'const isCounted = false && ' },
];
