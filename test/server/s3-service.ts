/** An S3-compatible service that checks signatures, with its files in a temporary folder. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import S3rver from '@20minutes/s3rver';

export interface S3Service {
  /** With credentials, for `S3_URL`. */
  url: string;
  port: number;
  stop(): Promise<void>;
}

/** The only account of this service. */
const KEYS = 'S3RVER:S3RVER';
const BUCKET = 'chat-files';

/** @param port 0: any; that of a stopped service: restarts it. */
export async function startS3(port = 0, directory?: string): Promise<S3Service & { directory: string }> {
  const folder = directory ?? (await mkdtemp(join(tmpdir(), 'chat-s3-')));
  const service = new S3rver({
    port,
    address: '127.0.0.1',
    directory: folder,
    silent: true,
    vhostBuckets: false,
    configureBuckets: [{ name: BUCKET }],
  });
  const address = await service.run();
  return {
    url: `http://${KEYS}@127.0.0.1:${address.port}/${BUCKET}`,
    port: address.port,
    directory: folder,
    stop: () => service.close(),
  };
}

export const removeS3 = ({ directory }: { directory: string }): Promise<void> =>
  rm(directory, { recursive: true, force: true });
