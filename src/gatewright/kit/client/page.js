/** The gateway that served the page; in Node, the one on this machine. */
import { Gateway } from "./gateway.js";

export const gateway = new Gateway();
