/**
 * Registers an element of the kit when a page first has it, so that a page loads what
 * it uses and no more. `need` looks through a part of a page; `watch` goes on looking.
 */

/** @type {Record<string, () => Promise<CustomElementConstructor>>} */
const ELEMENTS = {
  "gw-admin-audit": async () => (await import("./gw-admin-audit.js")).GwAdminAudit,
  "gw-admin-people": async () => (await import("./gw-admin-people.js")).GwAdminPeople,
  "gw-admin-systems": async () => (await import("./gw-admin-systems.js")).GwAdminSystems,
  "gw-admin-tokens": async () => (await import("./gw-admin-tokens.js")).GwAdminTokens,
  "gw-candidates": async () => (await import("./gw-candidates.js")).GwCandidates,
  "gw-classifier": async () => (await import("./gw-classifier.js")).GwClassifier,
  "gw-coadd": async () => (await import("./gw-coadd.js")).GwCoadd,
  "gw-code": async () => (await import("./code.js")).GwCode,
  "gw-coverage": async () => (await import("./gw-coverage.js")).GwCoverage,
  "gw-datasets": async () => (await import("./gw-catalogues.js")).GwDatasets,
  "gw-difference": async () => (await import("./gw-difference.js")).GwDifference,
  "gw-documents": async () => (await import("./gw-documents.js")).GwDocuments,
  "gw-files": async () => (await import("./gw-files.js")).GwFiles,
  "gw-incidents": async () => (await import("./gw-incidents.js")).GwIncidents,
  "gw-job": async () => (await import("./gw-job.js")).GwJob,
  "gw-job-form": async () => (await import("./gw-job-form.js")).GwJobForm,
  "gw-jobs": async () => (await import("./gw-jobs.js")).GwJobs,
  "gw-labels": async () => (await import("./gw-labels.js")).GwLabels,
  "gw-light-curve": async () => (await import("./gw-light-curve.js")).GwLightCurve,
  "gw-log": async () => (await import("./gw-log.js")).GwLog,
  "gw-login": async () => (await import("./gw-login.js")).GwLogin,
  "gw-map": async () => (await import("./gw-map.js")).GwMap,
  "gw-notices": async () => (await import("./gw-notices.js")).GwNotices,
  "gw-queue": async () => (await import("./gw-queue.js")).GwQueue,
  "gw-object": async () => (await import("./gw-object.js")).GwObject,
  "gw-scan": async () => (await import("./gw-scan.js")).GwScan,
  "gw-sky": async () => (await import("./gw-sky.js")).GwSky,
  "gw-status": async () => (await import("./gw-status.js")).GwStatus,
  "gw-subset": async () => (await import("./gw-subset.js")).GwSubset,
  "gw-surveys": async () => (await import("./gw-catalogues.js")).GwSurveys,
  "gw-systems": async () => (await import("./gw-systems.js")).GwSystems,
  "gw-timeseries": async () => (await import("./gw-timeseries.js")).GwTimeseries,
  "gw-tokens": async () => (await import("./gw-tokens.js")).GwTokens,
  "gw-uploads": async () => (await import("./gw-uploads.js")).GwUploads,
  "gw-usage": async () => (await import("./gw-usage.js")).GwUsage,
};

/** Names of all elements of the kit. */
export const NAMES = Object.keys(ELEMENTS);

/** Registers an element, once. @param {string} name */
export async function register(name) {
  const element = await ELEMENTS[name]();
  if (!customElements.get(name)) customElements.define(name, element);
}

/** Registers those elements of the kit that stand in a part of a page. @param {ParentNode} root */
export function need(root) {
  for (const element of root.querySelectorAll(":not(:defined)")) {
    if (element.localName in ELEMENTS) register(element.localName);
  }
}

/** Registers what a page has, and what comes to it later; binds its fields to the store. @param {Document} page */
export function watch(page) {
  /** @type {Record<string, () => Promise<any>>} What is read once a page has such an attribute. */
  const later = {
    "[data-gw-store]": () => import("./gw-store.js").then(({ bindStore }) => bindStore(page)),
    "[data-gw-scope]": () => import("./scoped.js").then(({ followScopes }) => followScopes(page)),
  };
  const look = () => {
    need(page);
    for (const [attribute, begin] of Object.entries(later)) {
      if (!page.querySelector(attribute)) continue;
      delete later[attribute];
      begin();
    }
  };
  look();
  new MutationObserver(look).observe(page, { childList: true, subtree: true });
}
