/** Whether the messages of a page are sorted by time. Times that cannot be read are reported elsewhere. */
export function isOldestFirst(messages: readonly Record<string, unknown>[]): boolean {
  const times = messages.map(({ timestamp }) => Date.parse(String(timestamp)));
  return times.every((time, index) => index === 0 || !(time < times[index - 1]!));
}
