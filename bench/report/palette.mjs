/* The colours of the chart, on light pages and on dark ones. Each stands out from its panel by 4.5:1 at least. */

/** @typedef {{ panel: string, text: string, detail: string, faster: string, slower: string }} Palette */

/** @type {Record<'light' | 'dark', Palette>} */
export const palettes = {
  light: { panel: '#ffffff', text: '#1f2328', detail: '#57606a', faster: '#0f766e', slower: '#b45309' },
  dark: { panel: '#0d1117', text: '#e6edf3', detail: '#9da7b3', faster: '#2dd4bf', slower: '#fbbf24' },
};

/**
 * As WCAG 2 defines it, from 1 to 21.
 *
 * @param {string} one `#rrggbb`
 * @param {string} other
 */
export function contrast(one, other) {
  const [dark = 0, light = 0] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (light + 0.05) / (dark + 0.05);
}

/** @param {string} colour */
function luminance(colour) {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
    const part = parseInt(colour.slice(at, at + 2), 16) / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}
