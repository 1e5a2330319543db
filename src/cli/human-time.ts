/** Says how far a point in time is from now, for people. */

/** In seconds. A unit is used for two of it or more. */
const UNITS = [
  ['year', 31_557_600],
  ['month', 2_629_800],
  ['day', 86_400],
  ['hour', 3600],
  ['minute', 60],
  ['second', 1],
] as const;

/** @returns a text such as '5 minutes ago', 'in 2 days' or 'now' */
export function fromNow(time: number, now = Date.now()): string {
  const seconds = Math.round(Math.abs(time - now) / 1000);
  if (seconds === 0) return 'now';
  const text = duration(seconds);
  return time < now ? `${text} ago` : `in ${text}`;
}

/** @param seconds 1 or more */
export function duration(seconds: number): string {
  const [name, size] = UNITS.find(([, length]) => seconds >= 2 * length) ?? ['second', 1];
  const count = Math.floor(seconds / size);
  return `${String(count)} ${name}${count === 1 ? '' : 's'}`;
}
