// What a program in TypeScript makes of the types that openapi-typescript writes: it compiles only
// where answers and errors have the fields, and the codes, that it uses. It prints what it was told.
import createClient from "openapi-fetch";
import type { components, paths } from "./vistazo.js";

type Problem = components["schemas"]["Problem"];
type Told = { status: number; code: Problem["code"] | null; said?: string | number };

declare const process: { argv: string[] };
const [url = "", key = "", spent = "", picture = ""] = process.argv.slice(2);
const bytes = Uint8Array.from(atob(picture), (letter) => letter.charCodeAt(0));
const as = (bearer: string) =>
  createClient<paths>({ baseUrl: url, headers: { Authorization: `Bearer ${bearer}` } });

const client = as(key);
// A file is a string to the types: openapi-typescript has no other word for binary.
const file = (body: BlobPart) => new Blob([body]) as unknown as string;
const form = (body: { file: string | string[] }) => {
  const sent = new FormData();
  for (const each of [body.file].flat()) sent.append("file", each as unknown as Blob, "picture.png");
  return sent;
};

function told(answer: { response: Response; error?: Problem; said?: string | number }): Told {
  return { status: answer.response.status, code: answer.error?.code ?? null, said: answer.said };
}

async function predict(body: BlobPart, from = client): Promise<Told> {
  const answer = await from.POST("/predict", { body: { file: file(body) }, bodySerializer: form });
  if (answer.error) {
    // @ts-expect-error: no such code, and the compiler knows
    if (answer.error.code === "out_of_coffee") throw answer.error.detail;
    return told(answer);
  }
  return told({ ...answer, said: answer.data.predicted_class });
}

async function batch(): Promise<Told> {
  const body = { file: [file(bytes), file("no picture")] };
  const answer = await client.POST("/predict/batch", { body, bodySerializer: form });
  const second = answer.data?.results[1];
  return told({ ...answer, said: second && "problem" in second ? second.problem.code : "none" });
}

async function explain(): Promise<Told> {
  const body = { file: file(bytes) };
  const answer = await client.POST("/explain", { body, bodySerializer: form, parseAs: "blob" });
  return told({ ...answer, said: (answer.data as Blob | undefined)?.type ?? "none" });
}

async function feedback(): Promise<Told> {
  const body = { request_id: "unknown", label: "PNEUMONIA" as const };
  return told(await client.POST("/feedback", { body }));
}

console.log(JSON.stringify({
  good: await predict(bytes),
  batch: await batch(),
  explained: await explain(),
  damaged: await predict(bytes.slice(0, 200)),
  "no picture": await predict("no picture"),
  "too large": await predict(new Uint8Array(3_000_000)),
  "no key": await predict(bytes, as("wrong")),
  "too often": await predict(bytes, as(spent)),
  "unknown answer": await feedback(),
}));
