// What the client's tests share.
import { Gateway } from "../../src/gatewright/kit/gw.js";

/** A gateway whose answers are given, and what it was asked. */
export function canned(...answers) {
  const asked = [];
  const fetch = async (url, init) => {
    asked.push({ url, method: init.method, headers: init.headers, body: init.body, credentials: init.credentials });
    const answer = answers.shift();
    if (answer instanceof Error) throw answer;
    return answer instanceof Response ? answer : Response.json(answer ?? {});
  };
  return { gateway: new Gateway({ url: "http://gateway:8000/", token: "gw_k.s", fetch }), asked };
}
