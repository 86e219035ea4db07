/** The gateway that served the kit, whatever page uses it; in Node, the one on this machine. */
import { Gateway } from "./gateway.js";
import { ROOT } from "./place.js";

const { origin, protocol } = new URL(import.meta.url);

export const gateway = new Gateway(protocol.startsWith("http") ? { url: origin + ROOT } : {});
