export { LitElement, css, html, nothing, render, svg } from "lit";
export { repeat } from "lit/directives/repeat.js";
