/** Arrays in a list of jobs: the elements of one become one line that opens. */

/** @typedef {import("../client/jobs.js").Job} Job */

const PRECEDENCE = ["active", "queued", "held", "new", "failed", "canceled", "completed"];

/**
 * The jobs, with the elements of each array gathered in one job, which has them as
 * `elements` and counts their states in `tasks`, as the gateway does.
 * @param {Job[]} jobs @returns {Job[]}
 */
export function gathered(jobs) {
  /** @type {Job[]} */
  const items = [];
  for (const job of jobs) {
    const last = items.at(-1);
    if (job.array_index === null || job.array_index === undefined) items.push(job);
    else if (last?.elements && last.id === number(job.id)) last.elements.push(job);
    else items.push({ ...job, id: number(job.id), elements: [job] });
  }
  return items.map((item) => item.elements ? whole(item, item.elements) : item);
}

/** @param {string} id Number of a job or of an element's array. */
export function number(id) {
  return id.split("_")[0];
}

/** @param {Job} item @param {string} id Whether a line is of this job, or of the array that it is in. */
export function holds(item, id) {
  return item.id === id || (Boolean(item.elements) && item.id === number(id));
}

/** @param {Job} first @param {Job[]} elements @returns {Job} */
function whole(first, elements) {
  const state = PRECEDENCE.find((one) => elements.some((job) => job.state === one)) ?? first.state;
  const times = (/** @type {"started_at" | "ended_at"} */ name) => elements.map((job) => job[name]).filter((at) => at !== null).sort();
  const ended = times("ended_at");
  /** @type {Record<string, number>} */
  const tasks = {};
  for (const job of elements) tasks[job.state] = (tasks[job.state] ?? 0) + 1;
  return {
    ...(elements.find((job) => job.state === state) ?? first),
    id: first.id, array_index: null, elements: [...elements].sort((a, b) => a.array_index - b.array_index), tasks,
    started_at: times("started_at")[0] ?? null,
    ended_at: ended.length === elements.length ? ended.at(-1) ?? null : null,
  };
}
