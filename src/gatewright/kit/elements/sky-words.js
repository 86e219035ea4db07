/** What is said of an image of the sky: under the picture, and in the strip of a place's images. */
import { html } from "../vendor/lit.js";

/** When, in which band, for how long and with what an image was taken. @param {any} image */
export function imageWords(image) {
  if (image.colours) return image.band;
  const time = image.started_at ? `${image.started_at.slice(0, 16).replace("T", " ")} UTC${image.time_assumed ? " (assumed)" : ""}` : "time not known";
  return [time, image.band ?? image.filter, image.exposure ? `${image.exposure} s` : "", image.instrument].filter(Boolean).join(" · ");
}

/** An image of the strip. @param {any} image @param {boolean} shown @param {string} picture Its address. @param {() => void} show */
export function stripItem(image, shown, picture, show) {
  const day = image.started_at ? image.started_at.slice(0, 10) + (image.time_assumed ? " (assumed)" : "") : "no date";
  return html`<li data-id=${image.id}>
    <button aria-current=${shown ? "true" : "false"} @click=${show}>
      <img loading="lazy" alt="" src=${picture}><span>${day}</span><small>${image.band ?? image.filter ?? "–"}</small>
    </button></li>`;
}
