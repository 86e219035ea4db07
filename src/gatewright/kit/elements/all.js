/** Registers every element of the kit. */
import { bindStore } from "./gw-store.js";
import { GwCode } from "./code.js";
import { GwDialog } from "./dialog.js";
import { GwFiles } from "./gw-files.js";
import { GwJobForm } from "./gw-job-form.js";
import { GwJobs } from "./gw-jobs.js";
import { GwLog } from "./gw-log.js";
import { GwLogin } from "./gw-login.js";

/** @type {Record<string, CustomElementConstructor>} */
const ELEMENTS = {
  "gw-code": GwCode,
  "gw-dialog": GwDialog,
  "gw-files": GwFiles,
  "gw-job-form": GwJobForm,
  "gw-jobs": GwJobs,
  "gw-log": GwLog,
  "gw-login": GwLogin,
};

for (const [name, element] of Object.entries(ELEMENTS)) {
  if (!customElements.get(name)) customElements.define(name, element);
}

bindStore(document);
