// Identity providers for tests: node providers.mjs NAME...
//
// Starts one real OpenID Connect provider (npm package oidc-provider) for each name, on
// free ports, and prints a line of JSON with their issuers. Clients register
// themselves. Anybody signs in by typing a name; what is said of people is in PEOPLE.
// It ends with its standard input.
import http from "node:http";
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const found = createRequire(join(process.cwd(), "x.js")).resolve("oidc-provider");
const { Provider } = await import(pathToFileURL(found).href);

const PEOPLE = {
  bob: { groups: ["astronomy", "users"], email: "bob@example.org", email_verified: true },
  eve: { groups: [], email: "eve@example.org", email_verified: true },
  // Somebody who has typed another person's address.
  mallory: { groups: ["users"], email: "bob@example.org", email_verified: false },
};

const escaped = (text) => text.replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);

function claimsOf(id) {
  const about = PEOPLE[id] ?? { groups: [] };
  return { sub: `sub-of-${id}`, preferred_username: id, ...about };
}

function page(name, body) {
  return `<!doctype html><html lang="en"><meta charset="utf-8"><link rel="icon" href="data:,"><title>${name}</title><h1>${name}</h1>${body}</html>`;
}

/** Makes a provider whose sign-in page is a form with one field. */
function makeProvider(name, issuer) {
  const provider = new Provider(issuer, {
    claims: {
      openid: ["sub"],
      profile: ["preferred_username", "groups"],
      email: ["email", "email_verified"],
    },
    cookies: { keys: [name], names: Object.fromEntries(["session", "interaction", "resume"].map((kind) => [kind, `_${name}_${kind}`])) },
    features: {
      backchannelLogout: { enabled: true },
      devInteractions: { enabled: false },
      registration: { enabled: true },
      rpInitiatedLogout: {
        enabled: true,
        logoutSource: (ctx, form) => { ctx.body = page(name, `${form}<button form="op.logoutForm" name="logout" value="yes">Sign out of ${name}</button>`); },
      },
    },
    // Without the package's refusal of loopback addresses, where the tests' gateways are.
    fetch: (url, { dispatcher, ...options }) => globalThis.fetch(url, options),
    findAccount: (ctx, sub) => ({ accountId: sub, claims: () => claimsOf(sub.replace("sub-of-", "")) }),
    interactions: { url: (ctx, { uid }) => `/interaction/${uid}` },
    loadExistingGrant: async (ctx) => {
      const grant = new ctx.oidc.provider.Grant({ clientId: ctx.oidc.client.clientId, accountId: ctx.oidc.session.accountId });
      grant.addOIDCScope("openid profile email");
      await grant.save();
      return grant;
    },
    pkce: { required: () => true },
    renderError: (ctx, out, error) => { ctx.body = page(name, `<p>${escaped(out.error)}: ${escaped(error.error_description ?? "")}</p>`); },
    ttl: { Session: 3600, Interaction: 3600, Grant: 3600, AccessToken: 600, IdToken: 600, AuthorizationCode: 60 },
  });
  provider.use(async (ctx, next) => {
    if (!ctx.path.startsWith("/interaction/")) return next();
    if (ctx.method === "GET") {
      const form = `<form method="post"><label>Name at ${name} <input name="login" autofocus></label><button name="answer" value="yes">Go on</button><button name="answer" value="no">Refuse</button></form>`;
      ctx.type = "html";
      ctx.body = page(name, form);
      return undefined;
    }
    const parts = [];
    for await (const part of ctx.req) parts.push(part);
    const typed = new URLSearchParams(Buffer.concat(parts).toString());
    const result = typed.get("answer") === "no"
      ? { error: "access_denied", error_description: "refused" }
      : { login: { accountId: `sub-of-${typed.get("login")}` } };
    await provider.interactionFinished(ctx.req, ctx.res, result, { mergeWithLastSubmission: false });
    ctx.respond = false;
    return undefined;
  });
  return provider;
}

const issuers = {};
for (const name of process.argv.slice(2)) {
  const server = http.createServer();
  await new Promise((ready) => server.listen(0, "127.0.0.1", ready));
  issuers[name] = `http://127.0.0.1:${server.address().port}`;
  server.on("request", makeProvider(name, issuers[name]).callback());
}
console.log(JSON.stringify(issuers));
process.stdin.resume();
process.stdin.on("end", () => process.exit(0));
