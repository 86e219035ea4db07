/**
 * The kit's one door: the client of the page's gateway, and in a browser the elements.
 *
 *     <script type="module" src="/kit/gw.js"></script>
 *     import { gateway } from "/kit/gw.js";
 */
import { gateway } from "./client/page.js";

export { GatewayError } from "./client/errors.js";
export { Gateway } from "./client/gateway.js";
export { gateway };

if (typeof customElements !== "undefined") await import("./elements/all.js");
