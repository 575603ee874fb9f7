/** The duration of audio and video files, as their container says. */
import { settlesWithin } from '../with-timeout.js';

/** A file that takes longer to read has no duration, in milliseconds. */
const DEADLINE_MS = 5_000;
/** A longer duration is a mistake of the file, in milliseconds. */
const MAX_MS = 7 * 86_400_000;

/** @returns milliseconds; null if the file is neither, is broken, or does not say. */
export async function durationOf(path: string, mediaType: string): Promise<number | null> {
  if (!/^(audio|video)\//.test(mediaType)) return null;
  // On demand: few servers get such files first.
  const { parseFile } = await import('music-metadata');
  let seconds: number | undefined;
  const reading = parseFile(path, { duration: true, skipCovers: true }).then(
    ({ format }) => void (seconds = format.duration),
    () => {},
  );
  await settlesWithin(reading, DEADLINE_MS);
  const ms = Math.round((seconds ?? 0) * 1_000);
  return ms > 0 && ms <= MAX_MS ? ms : null;
}
