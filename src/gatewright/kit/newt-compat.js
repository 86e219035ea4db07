/**
 * Runs pages that were written for NEWT's own browser library: `$.newt_ajax`,
 * `newt_user`, `doAfterLogin`, `doAfterLogout` and a login bar. It is a classic script,
 * as theirs was, and works with jQuery on the page or without:
 *
 *     <script src="/kit/newt-compat.js"></script>
 *
 * A page may set `newt_base_url` before it, or `data-no-bar` on the script element.
 */
(() => {
  /**
   * @typedef {object} NewtUser
   * @property {string | null} username @property {boolean} auth
   * @property {number} session_lifetime Seconds. @property {string | null} newt_sessionid
   */
  /**
   * @typedef {object} NewtCall As jQuery.ajax takes it.
   * @property {string} url Below the base URL, such as `/queue/local`.
   * @property {string} [type] @property {string} [method] @property {any} [data]
   * @property {boolean} [async] False waits for the answer before it returns.
   * @property {string} [dataType] @property {Record<string, string>} [headers]
   * @property {(data: any, status: string, request: XMLHttpRequest) => void} [success]
   * @property {(request: XMLHttpRequest, status: string, error: string) => void} [error]
   * @property {(request: XMLHttpRequest, status: string) => void} [complete]
   */
  const page = /** @type {any} */ (window);
  const script = /** @type {HTMLScriptElement | null} */ (document.currentScript);
  const root = script?.src ? new URL(script.src).pathname.replace(/\/kit\/.*$/s, "") : "";
  const base = () => String(page.newt_base_url ?? `${root}/newt`).replace(/\/+$/, "");

  /** @type {NewtUser} */
  const nobody = { username: null, auth: false, session_lifetime: 0, newt_sessionid: null };
  page.newt_user ??= { ...nobody };

  /** @param {NewtCall} call */
  function newtAjax(call) {
    const url = base() + call.url;
    return page.jQuery?.ajax ? page.jQuery.ajax({ ...call, url }) : send({ ...call, url });
  }

  /** Does what jQuery.ajax does with the options that NEWT's pages use. @param {NewtCall} call */
  function send(call) {
    const method = (call.type ?? call.method ?? "GET").toUpperCase();
    const body = encode(call.data);
    const inUrl = typeof body === "string" && body && (method === "GET" || method === "HEAD");
    const request = new XMLHttpRequest();
    const url = inUrl ? `${call.url}${call.url.includes("?") ? "&" : "?"}${body}` : call.url;
    request.open(method, url, call.async !== false);
    request.setRequestHeader("X-Requested-With", "XMLHttpRequest");
    if (typeof body === "string" && body && !inUrl) request.setRequestHeader("Content-Type", "application/x-www-form-urlencoded; charset=UTF-8");
    for (const [name, value] of Object.entries(call.headers ?? {})) request.setRequestHeader(name, value);
    const answered = new Promise((resolve, reject) => {
      request.onload = () => settle(call, request, resolve, reject);
      request.onerror = () => fail(call, request, "error", reject);
    });
    request.send(inUrl ? null : body);
    return withDone(answered, request);
  }

  /** @param {any} data @returns {any} */
  function encode(data) {
    if (data === undefined || data === null) return null;
    if (typeof data === "string" || data instanceof FormData || data instanceof Blob) return data;
    return new URLSearchParams(Object.entries(data).map(([name, value]) => [name, String(value)])).toString();
  }

  /** @param {NewtCall} call @param {XMLHttpRequest} request @param {(value: any) => void} resolve @param {(reason: any) => void} reject */
  function settle(call, request, resolve, reject) {
    if (request.status >= 400) return fail(call, request, "error", reject);
    let data = /** @type {any} */ (request.responseText);
    const type = request.getResponseHeader("Content-Type") ?? "";
    if (call.dataType === "json" || (!call.dataType && type.includes("json"))) {
      try {
        data = JSON.parse(data);
      } catch {
        return fail(call, request, "parsererror", reject);
      }
    }
    call.success?.(data, "success", request);
    call.complete?.(request, "success");
    return resolve(data);
  }

  /** @param {NewtCall} call @param {XMLHttpRequest} request @param {string} status @param {(reason: any) => void} reject */
  function fail(call, request, status, reject) {
    call.error?.(request, status, request.statusText);
    call.complete?.(request, status);
    reject(request);
  }

  /** @param {Promise<any>} answered @param {XMLHttpRequest} request The names that jQuery gives a promise. */
  function withDone(answered, request) {
    answered.catch(() => {});
    const handle = Object.assign(answered, {
      done: (/** @type {any} */ act) => (answered.then(act, () => {}), handle),
      fail: (/** @type {any} */ act) => (answered.catch(act), handle),
      always: (/** @type {any} */ act) => (answered.then(act, act), handle),
      abort: () => request.abort(),
    });
    return handle;
  }

  /** Puts `newt_ajax` where the page looks for it; jQuery may come after this script. */
  function attach() {
    page.$ ??= {};
    page.$.newt_ajax = newtAjax;
    if (page.jQuery) page.jQuery.newt_ajax = newtAjax;
  }

  /** @param {Partial<NewtUser>} answer Stores who is signed in, and calls the functions of the page. */
  function tell(answer) {
    const before = page.newt_user.auth;
    page.newt_user = { ...nobody, ...answer };
    bar?.show();
    if (page.newt_user.auth && !before) page.doAfterLogin?.();
    if (!page.newt_user.auth && before) page.doAfterLogout?.();
  }

  const STYLE = `
    :host { display: block; font: 14px/1.45 system-ui, sans-serif; }
    form, div { align-items: center; background: light-dark(#f0f3f6, #151a21); border-bottom: 1px solid light-dark(#dce1e7, #29313c); color: light-dark(#171c23, #e3e8ee); display: flex; flex-wrap: wrap; gap: 8px; padding: 6px 12px; }
    label { align-items: center; display: inline-flex; gap: 6px; }
    input, button { background: light-dark(#fff, #0e1116); border: 1px solid light-dark(#828d9b, #6c7888); border-radius: 6px; color: inherit; font: inherit; min-height: 28px; padding: 2px 8px; }
    button { cursor: pointer; }
    :focus-visible { outline: 2px solid light-dark(#0b5cad, #76b5f5); outline-offset: 2px; }
    p { color: light-dark(#b0241c, #ff8f85); margin: 0; }
    [hidden] { display: none; }
    @media (forced-colors: active) { form, div, p { color: CanvasText; } input { color: FieldText; } button { color: ButtonText; } }
  `;

  /** The bar at the top of the page: who is signed in, or the form to do so. */
  class Bar {
    constructor() {
      this.host = document.createElement("div");
      this.host.id = "newt_login_bar";
      this.root = this.host.attachShadow({ mode: "open" });
      const sheet = new CSSStyleSheet();
      sheet.replaceSync(STYLE);
      this.root.adoptedStyleSheets = [sheet];
      this.root.innerHTML = `
        <form aria-label="Sign in"><label>User name <input name="username" autocomplete="username" required></label>
          <label>Password <input name="password" type="password" autocomplete="current-password" required></label>
          <button>Sign in</button><p role="alert" hidden></p></form>
        <div hidden><span></span><button type="button">Sign out</button></div>`;
      const form = /** @type {HTMLFormElement} */ (this.root.querySelector("form"));
      form.addEventListener("submit", (event) => this.signIn(event, form));
      this.root.querySelector("div button")?.addEventListener("click", () => newtAjax({ url: "/logout", success: tell, error: () => tell({}) }));
      document.body.prepend(this.host);
      this.show();
    }

    show() {
      const { auth, username } = page.newt_user;
      /** @type {HTMLElement} */ (this.root.querySelector("form")).hidden = auth;
      /** @type {HTMLElement} */ (this.root.querySelector("div")).hidden = !auth;
      /** @type {HTMLElement} */ (this.root.querySelector("span")).textContent = auth ? `Signed in as ${username}` : "";
    }

    /** @param {SubmitEvent} event @param {HTMLFormElement} form */
    signIn(event, form) {
      event.preventDefault();
      const data = Object.fromEntries(new FormData(form));
      const wrong = (/** @type {string} */ text) => {
        const note = /** @type {HTMLElement} */ (this.root.querySelector("p"));
        [note.textContent, note.hidden] = [text, text === ""];
      };
      newtAjax({
        type: "POST", url: "/auth", data,
        success: (answer) => {
          wrong(answer.auth ? "" : "This name and password do not go together.");
          if (answer.auth) form.reset();
          tell(answer);
        },
        error: () => wrong("Signing in did not work. Try again in a while."),
      });
    }
  }

  /** @type {Bar | null} */
  let bar = null;
  attach();
  const start = () => {
    attach();
    if (!script?.hasAttribute("data-no-bar")) bar = new Bar();
    newtAjax({ url: "/auth", success: tell, error: () => tell({}) });
  };
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start);
  else start();
})();
