/** Line icons, drawn for this kit on a grid of 16. */
import { html, svg } from "../vendor/lit.js";

/** @type {Record<string, any>} */
const SHAPES = {
  home: svg`<path d="M2.500 7.500 8 3l5.500 4.500V13h-4V9.500h-3V13h-4z"/>`,
  files: svg`<path d="M2 4.500h4l1.500 1.500H14v7H2z"/>`,
  file: svg`<path d="M4 2.500h5L12 5.500v8H4zM9 2.500v3h3"/>`,
  link: svg`<path d="M4 2.500h5L12 5.500v8H4zM6.500 10.500l3-3m0 2.500V7.500H7"/>`,
  jobs: svg`<path d="M3 4h10M3 8h7M3 12h4"/><path d="m11 10.500 2.500 1.500L11 13.500z"/>`,
  data: svg`<circle cx="8" cy="8" r="5.500"/><path d="M2.500 8h11M8 2.500c-3.500 3.500-3.500 7.500 0 11 3.500-3.500 3.500-7.500 0-11"/>`,
  sky: svg`<path d="M8 2.500 9.300 6.700 13.500 8 9.300 9.300 8 13.500 6.700 9.300 2.500 8l4.200-1.300z"/>`,
  store: svg`<ellipse cx="8" cy="4" rx="5" ry="1.700"/><path d="M3 4v8c0 .9 2.200 1.700 5 1.700s5-.8 5-1.700V4M3 8c0 .9 2.200 1.700 5 1.700S13 8.900 13 8"/>`,
  account: svg`<circle cx="8" cy="5.500" r="2.700"/><path d="M3 13.500c.5-3 2.500-4 5-4s4.500 1 5 4"/>`,
  waiting: svg`<circle cx="8" cy="8" r="5.500"/><path d="M8 5v3l2 1.500"/>`,
  running: svg`<circle cx="8" cy="8" r="5.500"/><path d="M6.800 5.700 10.300 8l-3.500 2.300z" fill="currentColor"/>`,
  done: svg`<circle cx="8" cy="8" r="5.500"/><path d="m5.500 8.200 1.800 1.800 3.200-3.800"/>`,
  failed: svg`<circle cx="8" cy="8" r="5.500"/><path d="m6 6 4 4m0-4-4 4"/>`,
  held: svg`<circle cx="8" cy="8" r="5.500"/><path d="M6.500 6v4m3-4v4"/>`,
  canceled: svg`<circle cx="8" cy="8" r="5.500"/><path d="m4.200 11.800 7.600-7.600"/>`,
  up: svg`<path d="M8 13V3.500M4 7.500l4-4 4 4"/>`,
  down: svg`<path d="M8 3v9.500m-4-4 4 4 4-4"/>`,
  plus: svg`<path d="M8 3v10M3 8h10"/>`,
  edit: svg`<path d="m3 13 .7-3L10.500 3.200l2.300 2.300L6 12.300z"/>`,
  remove: svg`<path d="M3 4.500h10M6.500 4.500V3h3v1.500M4.500 4.500l.5 9h6l.5-9M7 7v4m2-4v4"/>`,
  again: svg`<path d="M12.800 6.500A5.200 5.200 0 1 0 13 9.300M13 3v3.500H9.500"/>`,
  copy: svg`<path d="M5.500 5.500V3H13v7.500h-2.500M3 5.500h7.500V13H3z"/>`,
  code: svg`<path d="M5.500 4.500 2 8l3.500 3.500M10.500 4.500 14 8l-3.500 3.500"/>`,
  box: svg`<path d="M3 5V3h2m6 0h2v2m0 6v2h-2m-6 0H3v-2" /><path d="M6 6h4v4H6z"/>`,
  search: svg`<circle cx="7" cy="7" r="4"/><path d="m10 10 3.500 3.500"/>`,
  right: svg`<path d="m6 3.500 4.500 4.500L6 12.500"/>`,
  close: svg`<path d="m4 4 8 8m0-8-8 8"/>`,
  key: svg`<circle cx="5.500" cy="10.500" r="2.500"/><path d="M7.300 8.700 13 3m-2.500 2.500 2 2"/>`,
};

/** @param {string} name An icon; it says nothing that a word beside it does not. */
export function icon(name) {
  return html`<svg class="icon" viewBox="0 0 16 16" aria-hidden="true">${SHAPES[name] ?? ""}</svg>`;
}
