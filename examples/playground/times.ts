/** Times and durations in words: "in 5 minutes", "7 days". */
const units = [
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
  ['second', 1000],
] as const;

const relative = new Intl.RelativeTimeFormat('en', { numeric: 'auto' });

/** The largest unit of which there is at least one and a half, so that 90 minutes do not become "1 hour". */
function inUnit(duration: number): [number, (typeof units)[number][0]] {
  const size = Math.abs(duration);
  const [unit, length] =
    units.find(([, length]) => size >= 1.5 * length || size === length) ?? (['second', 1000] as const);
  return [Math.round(duration / length), unit];
}

export function fromNow(at: number): string {
  return relative.format(...inUnit(at - Date.now()));
}

export function inWords(duration: number): string {
  const [count, unit] = inUnit(duration);
  return new Intl.NumberFormat('en', { style: 'unit', unit, unitDisplay: 'long' }).format(count);
}
