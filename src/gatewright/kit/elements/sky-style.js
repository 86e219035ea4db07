/** How the picture of the sky and what stands round it look. */
import { css } from "../vendor/lit.js";

export const skyStyle = css`
  :host { display: grid; gap: 12px; grid-template-columns: minmax(0, 1fr); }
  .stage { background: #000; border-radius: var(--gw-corner); color: #e3e8ee; display: grid; grid-template-columns: minmax(0, 1fr); overflow: hidden; position: relative; }
  canvas { aspect-ratio: 1; block-size: auto; cursor: grab; display: block; inline-size: min(100%, 78vh); justify-self: center; touch-action: none; }
  .film { aspect-ratio: 1; image-rendering: pixelated; inline-size: min(100%, 78vh); inset-block-start: 0; inset-inline: 0; margin-inline: auto; position: absolute; }
  canvas:active { cursor: grabbing; }
  canvas:focus-visible { outline-color: #76b5f5; outline-offset: -3px; }
  .readout { background: rgb(0 0 0 / 0.72); color: #e3e8ee; display: flex; flex-wrap: wrap; font-family: var(--gw-mono); font-size: var(--gw-small); font-variant-numeric: tabular-nums; gap: 2px 16px; inset-block-end: 0; inset-inline: 0; min-block-size: 26px; padding: 4px 10px; position: absolute; pointer-events: none; }
  @container (max-width: 600px) { .readout { position: static; } }
  .which { background: rgb(0 0 0 / 0.72); font-size: var(--gw-small); inset-block-start: 0; inset-inline-start: 0; padding: 4px 10px; position: absolute; pointer-events: none; }
  form { align-items: end; display: flex; flex-wrap: wrap; gap: 8px; }
  form .place { flex: 1 1 220px; }
  .place input { font-family: var(--gw-mono); inline-size: 100%; }
  select { max-inline-size: 130px; }
  .strip { display: flex; gap: 6px; list-style: none; margin: 0; overflow-x: auto; padding: 4px; }
  .strip button { background: #000; border-color: transparent; border-width: 2px; color: #e3e8ee; display: grid; gap: 2px; justify-items: center; min-inline-size: 92px; padding: 4px; }
  .strip button[aria-current="true"] { background: #000; border-color: var(--gw-accent); }
  .strip img { background: #000; block-size: 80px; display: block; inline-size: 80px; object-fit: contain; }
  .strip span { font-size: var(--gw-small); font-variant-numeric: tabular-nums; }
  .strip small { color: #9aa6b5; font-size: var(--gw-small); }
  .over { block-size: auto; inset-block-start: 0; inset-inline: 0; inline-size: min(100%, 78vh); aspect-ratio: 1; margin-inline: auto; overflow: hidden; pointer-events: none; position: absolute; }
  .over * { fill: none; stroke-linejoin: round; vector-effect: non-scaling-stroke; }
  .over .object { stroke: #ffd60a; stroke-width: 1.6; }
  .over .footprint { stroke: #4fd1c5; stroke-opacity: 0.75; stroke-width: 1; }
  .over .named { stroke: #fff; stroke-opacity: 1; stroke-width: 3; }
  .objects a { display: inline-block; min-block-size: 24px; padding-block: 3px; }
  .objects { display: flex; flex-wrap: wrap; gap: 4px 16px; list-style: none; margin: 0; padding: 0; }
`;
