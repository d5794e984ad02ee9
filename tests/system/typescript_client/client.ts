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
const binary = (body: BlobPart) => new Blob([body]) as unknown as string;
const form = (...pictures: BlobPart[]) => () => {
  const sent = new FormData();
  for (const each of pictures) sent.append("file", new Blob([each]), "picture.png");
  return sent;
};

function told(answer: { response: Response; error?: Problem; said?: string | number }): Told {
  return { status: answer.response.status, code: answer.error?.code ?? null, said: answer.said };
}

async function predict(body: BlobPart, from = client): Promise<Told> {
  const sent = { body: { file: binary(body) }, bodySerializer: form(body) };
  const answer = await from.POST("/predict", sent);
  if (answer.error) {
    // @ts-expect-error: no such code, and the compiler knows
    if (answer.error.code === "out_of_coffee") throw answer.error.detail;
    return told(answer);
  }
  return told({ ...answer, said: answer.data.predicted_class });
}

async function asJson(image: string): Promise<Told> {
  const answer = await client.POST("/predict", { body: { image } });
  return told({ ...answer, said: answer.data?.predicted_class });
}

async function asItIs(): Promise<Told> {
  const headers = { "Content-Type": "application/octet-stream" };
  const sent = { body: binary(bytes), bodySerializer: (body: unknown) => body, headers };
  const answer = await client.POST("/predict", sent);
  return told({ ...answer, said: answer.data?.predicted_class });
}

async function batch(): Promise<Told> {
  const answer = await client.POST("/predict/batch", { body: { images: [picture, "AAAA"] } });
  const second = answer.data?.results[1];
  return told({ ...answer, said: second && "problem" in second ? second.problem.code : "none" });
}

async function explain(): Promise<Told> {
  const answer = await client.POST("/explain", { body: { image: picture }, parseAs: "blob" });
  return told({ ...answer, said: (answer.data as Blob | undefined)?.type ?? "none" });
}

async function feedback(): Promise<Told> {
  const body = { request_id: "unknown", label: "PNEUMONIA" as const };
  return told(await client.POST("/feedback", { body }));
}

console.log(JSON.stringify({
  good: await predict(bytes),
  "as JSON": await asJson(picture),
  "as it is": await asItIs(),
  batch: await batch(),
  explained: await explain(),
  damaged: await predict(bytes.slice(0, 200)),
  "no picture": await predict("no picture"),
  "no base64": await asJson("?"),
  "too large": await predict(new Uint8Array(3_000_000)),
  "no key": await predict(bytes, as("wrong")),
  "too often": await predict(bytes, as(spent)),
  "unknown answer": await feedback(),
}));
