/** The files of the model server: uploads, and files that are sent together with their message. */
import { marksIn } from './model-people.js';

export interface ModelFile {
  /** Changes when the same file is uploaded again. */
  id: string;
  owner: number;
  /** The `Idempotency-Key`: the client's id of the upload. Undefined for a file that was sent with its message. */
  key: string | undefined;
  file: File;
  /** Whether a message has it. From then on it never expires. */
  isSent: boolean;
}

/** `lost`: the file is stored, but the answer is lost. */
export type UploadFault = 'none' | 'unavailable' | 'too-large' | 'lost';

export class ModelUploads {
  readonly #files: ModelFile[] = [];
  #last = 0;
  fault: UploadFault = 'none';

  constructor(
    private readonly tenant: string,
    private readonly violations: string[],
  ) {}

  /** The same key returns the same upload. */
  add(owner: number, file: File, key?: string): ModelFile {
    for (const mark of marksIn(file.name))
      if (mark !== `${this.tenant}${owner}`) this.violations.push(`${file.name} uploaded as ${this.tenant}${owner}`);
    const known = this.#files.find((each) => key !== undefined && each.owner === owner && each.key === key);
    if (known) return known;
    const added = { id: `f${++this.#last}`, owner, key, file, isSent: false };
    this.#files.push(added);
    return added;
  }

  /** Files that no message has yet. @returns undefined if one of them is unknown: `unknown_upload`. */
  unsent(owner: number, ids: readonly string[]): ModelFile[] | undefined {
    const found = ids.map((id) => this.#files.find((each) => each.id === id && each.owner === owner && !each.isSent));
    return found.every((each) => each !== undefined) ? found : undefined;
  }

  /** A client discards an unsent upload. @returns whether there is one. */
  discard(owner: number, id: string): boolean {
    const [found] = this.unsent(owner, [id]) ?? [];
    if (found) this.#files.splice(this.#files.indexOf(found), 1);
    return found !== undefined;
  }

  /** Unsent uploads are deleted after a day. */
  expire(): void {
    for (const { owner, id } of [...this.#files]) this.discard(owner, id);
  }
}

export const onTheWire = ({ id, file }: ModelFile): Record<string, unknown> => ({
  id,
  url: `/files/${id}`,
  name: file.name,
  media_type: file.type,
  size: file.size,
});
