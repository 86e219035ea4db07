/**
 * The kit's one door: the client of the page's gateway, and in a browser the elements,
 * each registered when the page first has it (`customElements.whenDefined` tells).
 *
 *     <script type="module" src="/kit/gw.js"></script>
 *     import { gateway } from "/kit/gw.js";
 */
import { gateway } from "./client/page.js";

export { GatewayError } from "./client/errors.js";
export { Gateway } from "./client/gateway.js";
export { gateway };

if (typeof customElements !== "undefined") (await import("./elements/registry.js")).watch(document);
