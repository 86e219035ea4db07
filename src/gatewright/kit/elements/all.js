/** Registers every element of the kit. */
import { GwCode } from "./code.js";
import { GwDialog } from "./dialog.js";
import { GwDatasets, GwSurveys } from "./gw-catalogues.js";
import { GwDocuments } from "./gw-documents.js";
import { GwFiles } from "./gw-files.js";
import { GwJobForm } from "./gw-job-form.js";
import { GwJobs } from "./gw-jobs.js";
import { GwLog } from "./gw-log.js";
import { GwLogin } from "./gw-login.js";
import { GwMap } from "./gw-map.js";
import { GwSky } from "./gw-sky.js";
import { GwStatus } from "./gw-status.js";
import { bindStore } from "./gw-store.js";
import { GwSubset } from "./gw-subset.js";
import { GwTimeseries } from "./gw-timeseries.js";
import { GwTokens } from "./gw-tokens.js";

/** @type {Record<string, CustomElementConstructor>} */
const ELEMENTS = {
  "gw-code": GwCode,
  "gw-datasets": GwDatasets,
  "gw-dialog": GwDialog,
  "gw-documents": GwDocuments,
  "gw-files": GwFiles,
  "gw-job-form": GwJobForm,
  "gw-jobs": GwJobs,
  "gw-log": GwLog,
  "gw-login": GwLogin,
  "gw-map": GwMap,
  "gw-sky": GwSky,
  "gw-status": GwStatus,
  "gw-subset": GwSubset,
  "gw-surveys": GwSurveys,
  "gw-timeseries": GwTimeseries,
  "gw-tokens": GwTokens,
};

for (const [name, element] of Object.entries(ELEMENTS)) {
  if (!customElements.get(name)) customElements.define(name, element);
}

bindStore(document);
