import { noop } from '../../internal/noop.js';
import type { Id } from '../../protocol/index.js';
import type { BeforeAttach, SessionEvent, Upload, Uploader } from '../../model/index.js';
import { ChatError, toChatError } from '../../transport/index.js';
import type { SessionContext } from '../session-context.js';
import type { TabMessage } from '../tabs/tab-channel.js';

/** The outbox to which the files belong. */
export interface UploadHost {
  readonly scope: string;
  readonly session: Pick<SessionContext, 'backend' | 'clock' | 'platform' | 'rest' | 'signal'>;
  readonly sender: { flush(): void };
  /** Aborted while the user of these files is not signed in. */
  readonly untilClosed: AbortSignal;
  report(event: SessionEvent): void;
  broadcast(message: TabMessage): void;
}

/** A file in the upload queue. */
export interface UploadEntry {
  upload: Upload;
  file?: Blob | undefined;
  remoteId?: Id | undefined;
  /** The current attempt. */
  attempt?: Promise<Id> | undefined;
  /** Failed attempts in a row. */
  failures: number;
  /** Attempts that may have failed because of this file, in a row. */
  ownFailures: number;
  cancelRetry: () => void;
  /** Aborted when the file is discarded. */
  readonly discarding: AbortController;
  uploader?: Uploader | undefined;
  /** Whether a message was refused because of this file: the next attempt is a decision of its author. */
  wasReported?: boolean;
}

export const createEntry = (upload: Upload, file?: Blob, uploader?: Uploader): UploadEntry => ({
  ...{ upload, file, uploader, failures: 0, ownFailures: 0 },
  cancelRetry: noop,
  discarding: new AbortController(),
});

/** The page's answer to `chat-before-attach`. */
export interface PageAnswer {
  prevented?: ChatError;
  uploader?: Uploader;
}

/** Asks the page whether a file may be sent, and how it is uploaded. */
export function askPage(
  onAttach: ((attach: BeforeAttach) => void) | undefined,
  file: Pick<BeforeAttach, 'roomId' | 'file' | 'name'>,
): PageAnswer {
  const answer: PageAnswer = {};
  onAttach?.({
    ...file,
    prevent: (reason) => (answer.prevented = new ChatError('forbidden', reason)),
    uploadWith: (uploader) =>
      (answer.uploader = async (content, options) => {
        try {
          return await uploader(content, options);
        } catch (thrown) {
          // A `TypeError` is an error of the network: `fetch` failed. Any other error is the page's decision.
          if (thrown instanceof ChatError || thrown instanceof TypeError) throw networkError(thrown);
          throw new ChatError('forbidden', toChatError(thrown).message);
        }
      }),
  });
  return answer;
}

const networkError = (thrown: ChatError | TypeError): ChatError =>
  thrown instanceof ChatError ? thrown : new ChatError('unreachable', 'The file cannot be uploaded now.');
