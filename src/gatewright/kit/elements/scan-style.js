/** How the scanning of candidates looks. */
import { css } from "../vendor/lit.js";

export const scanStyle = css`
  .scan { display: grid; gap: 12px; grid-template-columns: minmax(0, 1fr); padding: 16px; }
  .stamps { display: grid; gap: 12px; grid-template-columns: repeat(3, minmax(0, 1fr)); }
  figure { display: grid; gap: 4px; margin: 0; min-inline-size: 0; }
  figcaption { display: flex; flex-wrap: wrap; gap: 0 8px; }
  .sight { aspect-ratio: 1; background: #000; border-radius: var(--gw-corner); overflow: hidden; position: relative; touch-action: manipulation; user-select: none; -webkit-touch-callout: none; }
  .sight img { block-size: 100%; display: block; image-rendering: pixelated; inline-size: 100%; object-fit: contain; pointer-events: none; }
  .sight svg { block-size: 100%; inline-size: 100%; inset: 0; pointer-events: none; position: absolute; stroke: #ffd60a; stroke-width: 0.8; }
  .sight .sign { background: rgb(0 0 0 / 0.72); color: #e3e8ee; font-size: var(--gw-small); inset-block-start: 0; inset-inline-start: 0; padding: 2px 8px; position: absolute; }
  kbd { border: 1px solid currentColor; border-radius: 3px; font-family: var(--gw-mono); font-size: var(--gw-small); padding: 0 4px; text-transform: uppercase; }
  dl { display: flex; flex-wrap: wrap; gap: 4px 24px; margin: 0; }
  dl div { display: flex; gap: 6px; }
  dt { color: var(--gw-muted); }
  dd { font-variant-numeric: tabular-nums; margin: 0; }
  .votes button { min-block-size: 44px; min-inline-size: 96px; }
  .more { display: grid; gap: 16px 24px; grid-template-columns: minmax(0, 3fr) minmax(0, 2fr); }
  .more > div { align-content: start; display: grid; gap: 8px; grid-template-columns: minmax(0, 1fr); }
  .features dl { display: grid; gap: 2px 24px; grid-template-columns: repeat(auto-fill, minmax(220px, 1fr)); padding-block-start: 8px; }
  .features dl div { justify-content: space-between; }
  ul.plain { display: grid; gap: 6px; list-style: none; margin: 0; padding: 0; }
  p.words { overflow-wrap: anywhere; white-space: pre-wrap; }
  form { align-items: end; display: flex; gap: 8px; }
  form label { flex: 1; }
  textarea { font-family: var(--gw-font); inline-size: 100%; }
  @container (max-width: 700px) {
    .scan { padding: 8px; }
    .stamps { gap: 4px; }
    .more { grid-template-columns: minmax(0, 1fr); }
    .votes { background: var(--gw-panel); inset-block-end: 0; padding-block: 4px; position: sticky; }
    .votes button { flex: 1; min-inline-size: 72px; padding-inline: 4px; }
    kbd, .keys { display: none; }
  }
`;
