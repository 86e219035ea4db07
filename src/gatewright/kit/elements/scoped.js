/**
 * `data-gw-scope="jobs:submit"` on any part of a page: it is hidden from people who may
 * not do that, heading and all. Elements of the kit hide themselves; this is for what a
 * page writes around them.
 *
 * @example
 * <section data-gw-scope="jobs:submit">
 *   <h2>Work on it</h2>
 *   <gw-job-form></gw-job-form>
 * </section>
 */
import { gateway } from "../client/page.js";

/** Hides those parts of a page that the person has no use of, now and after signing in or out. @param {Document} page */
export function followScopes(page) {
  const look = async () => {
    for (const part of /** @type {NodeListOf<HTMLElement>} */ (page.querySelectorAll("[data-gw-scope]"))) {
      part.hidden = !(await gateway.auth.may(part.dataset.gwScope ?? "").catch(() => true));
    }
  };
  look();
  new MutationObserver(look).observe(page, { childList: true, subtree: true });
  window.addEventListener("gw-session", look);
}
