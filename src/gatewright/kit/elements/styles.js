/** What all elements look like; they read only the tokens of gw.css. */
import { css } from "../vendor/lit.js";

export const base = css`
  :host {
    color: var(--gw-text);
    container-type: inline-size;
    display: block;
    font: 400 var(--gw-body) / 1.45 var(--gw-font);
  }
  :host([denied]) { display: contents; }
  :host([hidden]), [hidden] { display: none !important; }
  *, ::before, ::after { box-sizing: border-box; }
  h2, h3 { font-size: var(--gw-large); font-weight: 600; line-height: 1.25; margin: 0; }
  h3 { font-size: var(--gw-body); }
  p { margin: 0; max-width: 68ch; }
  a { color: var(--gw-accent); }
  a:hover { color: var(--gw-accent-strong); }
  :focus-visible { outline: 2px solid var(--gw-accent); outline-offset: 2px; }
  .muted { color: var(--gw-muted); }
  .small { font-size: var(--gw-small); }
  .mono, code, pre { font-family: var(--gw-mono); font-size: 0.929em; font-variant-numeric: tabular-nums; }
  .number { font-variant-numeric: tabular-nums; text-align: right; white-space: nowrap; }
  .hidden { block-size: 1px; clip-path: inset(50%); inline-size: 1px; overflow: hidden; position: absolute; white-space: nowrap; }
  svg.icon { block-size: 16px; fill: none; flex: none; inline-size: 16px; stroke: currentColor; stroke-linecap: round; stroke-linejoin: round; stroke-width: 1.6; vertical-align: -3px; }
  .bar { align-items: center; display: flex; flex-wrap: wrap; gap: 8px; }
  .grow { flex: 1; min-inline-size: 0; }
  .panel { background: var(--gw-panel); border: 1px solid var(--gw-line); border-radius: var(--gw-corner); }
`;

export const controls = css`
  button, .button {
    align-items: center; background: var(--gw-panel); border: 1px solid var(--gw-edge);
    border-radius: var(--gw-corner); color: var(--gw-text); cursor: pointer; display: inline-flex;
    font: inherit; gap: 6px; justify-content: center; min-block-size: 32px; padding: 3px 12px;
    text-decoration: none; transition: background var(--gw-motion); white-space: nowrap;
  }
  button:hover, .button:hover { background: var(--gw-hover); color: var(--gw-text); }
  button.primary, .button.primary { background: var(--gw-accent); border-color: var(--gw-accent); color: var(--gw-on-accent); font-weight: 600; }
  button.primary:hover, .button.primary:hover { background: var(--gw-accent-strong); border-color: var(--gw-accent-strong); color: var(--gw-on-accent); }
  button.danger { border-color: var(--gw-failed); color: var(--gw-failed); }
  button.quiet, .button.quiet { background: none; border-color: transparent; }
  button.quiet:hover, .button.quiet:hover { background: var(--gw-hover); }
  button.square, .button.square { padding: 3px 7px; }
  .joined { display: inline-flex; }
  .joined > button { border-radius: 0; margin-inline-start: -1px; }
  .joined > button:first-child { border-end-start-radius: var(--gw-corner); border-start-start-radius: var(--gw-corner); margin-inline-start: 0; }
  .joined > button:last-child { border-end-end-radius: var(--gw-corner); border-start-end-radius: var(--gw-corner); }
  .joined > button[aria-pressed="true"], .joined > button:focus-visible { z-index: 1; }
  @container (max-width: 400px) { .joined { inline-size: 100%; } .joined > button { flex: 1; padding-inline: 4px; } }
  button.link { background: none; border: 0; color: var(--gw-accent); min-block-size: 24px; padding: 0; text-align: start; text-decoration: underline; vertical-align: middle; white-space: normal; }
  button[aria-pressed="true"], button[aria-current="true"] { background: var(--gw-accent-soft); border-color: var(--gw-accent); }
  button:disabled { border-color: var(--gw-line); color: var(--gw-muted); cursor: default; }
  button.primary:disabled { background: var(--gw-sunk); border-color: var(--gw-line); color: var(--gw-muted); }
  label.field { display: grid; font-size: var(--gw-small); gap: 4px; min-inline-size: 0; }
  label.check { align-items: center; display: inline-flex; gap: 6px; min-block-size: 32px; }
  input:not([type="checkbox"], [type="radio"], [type="range"], [type="file"]), select, textarea {
    background: var(--gw-panel); border: 1px solid var(--gw-edge); border-radius: var(--gw-corner);
    color: var(--gw-text); font: inherit; font-size: var(--gw-body); max-inline-size: 100%; min-block-size: 32px;
    min-inline-size: 0; padding: 4px 8px;
  }
  textarea { font-family: var(--gw-mono); line-height: 1.45; resize: vertical; }
  input[type="range"], input[type="checkbox"], input[type="radio"], progress { accent-color: var(--gw-accent); }
  ::placeholder { color: var(--gw-muted); opacity: 1; }
`;

export const states = css`
  button.link[data-row] { text-decoration: none; }
  button.link[data-row]:hover { text-decoration: underline; }
  .state { display: grid; gap: 8px; justify-items: start; padding: 24px 16px; }
  .state.error { background: var(--gw-failed-soft); border: 1px solid var(--gw-failed); border-radius: var(--gw-corner); padding: 12px 16px; }
  .state.error strong { color: var(--gw-failed); }
  .word { align-items: center; display: inline-flex; font-weight: 600; gap: 5px; white-space: nowrap; }
  .word.canceled { color: var(--gw-canceled); }
  .word.waiting { color: var(--gw-waiting); }
  .word.running { color: var(--gw-running); }
  .word.done { color: var(--gw-done); }
  .word.failed { color: var(--gw-failed); }
  .word.held { color: var(--gw-held); }
  .bones { display: grid; gap: 1px; }
  .bones span { animation: gw-breathe 1.6s ease-in-out infinite alternate; background: var(--gw-sunk); border-radius: 3px; block-size: 24px; }
  @keyframes gw-breathe { to { opacity: 0.45; } }
  @media (prefers-reduced-motion: reduce) { .bones span { animation: none; } }
`;

export const table = css`
  .scroll { overflow: auto; }
  table { border-collapse: separate; border-spacing: 0; inline-size: 100%; }
  th:first-child { border-start-start-radius: var(--gw-corner); }
  th:last-child { border-start-end-radius: var(--gw-corner); }
  th { background: var(--gw-panel); border-block-end: 1px solid var(--gw-line); color: var(--gw-muted); font-size: var(--gw-small); font-weight: 600; inset-block-start: 0; padding: 6px 12px; position: sticky; text-align: start; white-space: nowrap; z-index: 1; }
  th.number { text-align: right; }
  td { border-block-end: 1px solid var(--gw-line); padding: 4px 12px; vertical-align: middle; }
  tbody:last-of-type tr:last-child td { border-block-end: 0; }
  tbody.gap td { padding: 0; }
  tbody tr.row:hover { background: var(--gw-hover); }
  tbody tr[aria-selected="true"], tbody tr.open { background: var(--gw-accent-soft); }
  th button.sort { background: none; border: 0; color: inherit; font: inherit; min-block-size: 24px; padding: 0; }
  @container (max-width: 600px) {
    thead { block-size: 1px; clip-path: inset(50%); inline-size: 1px; overflow: hidden; position: absolute; }
    table, tbody, tbody.gap tr, tbody.gap td { display: block; }
    colgroup { display: none; }
    tr.row { border-block-end: 1px solid var(--gw-line); display: grid; gap: 2px 12px; grid-template-columns: minmax(0, 1fr) auto; padding: 8px 12px; }
    tr.row:last-child { border-block-end: 0; }
    tr.detail, tr.detail td { display: block; }
    td { border: 0; padding: 0; }
    td.wide { grid-column: 1 / -1; }
    td.number { text-align: start; }
    td[data-label]::before { color: var(--gw-muted); content: attr(data-label) " "; font-size: var(--gw-small); }
  }
`;
