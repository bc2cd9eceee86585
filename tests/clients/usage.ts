// What a merchant's own code relies on: it compiles, strictly, only while the generated types say as much.
import { cancelPaymentIntent, createPaymentIntent, listRefunds, putDisputeEvidence, searchPayments } from "./hey-api";
import type { PaymentResource, ProblemBody, RefundRecord } from "./hey-api";
import type { components, operations } from "./openapi-typescript/schema";

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const sure = <T extends true>(...fact: T[]): void => void fact;

type Payment = components["schemas"]["PaymentResource"];
type Method = components["schemas"]["MethodBody"];
type Problem = components["schemas"]["ProblemBody"];

// What is always there is never undefined, and what can be null says so.
sure<Same<Payment["amount"], number>>();
sure<Same<PaymentResource["cancellation_reason"], string | null>>();
sure<Same<Payment["operation"], components["schemas"]["OperationResource"] | null>>();
sure<Same<components["schemas"]["OperationResource"]["failure"], components["schemas"]["Failure"] | null>>();
// What can be left out can be left out, and is never null.
sure<Same<Payment["payment_method"]["country"], string | undefined>>();
sure<Same<Problem["field"], string | undefined>>();
sure<Same<ProblemBody["current_status"], string | undefined>>();
// Words are of a list.
sure<Same<RefundRecord["status"], "pending" | "succeeded" | "failed">>();
sure<Same<Method["type"], "card" | "wallet" | "upi_collect" | "bank_transfer">>();
sure<"canceled" extends Payment["status"] ? true : false>();
// Objects of any content are not empty ones.
sure<Same<components["schemas"]["EventResource"]["data"], { [key: string]: unknown }>>();
// A file is sent under one type.
sure<Same<keyof operations["put_dispute_evidence"]["requestBody"]["content"], "application/octet-stream">>();

const method: Method = { type: "card", token: "tok_visa" };

// A union is told apart by its tag; a further member would not compile.
export function tellTheCustomer(action: NonNullable<PaymentResource["next_action"]>["action"]): string {
  switch (action.type) {
    case "redirect":
      return action.url;
    case "collect":
      return action.address;
    case "transfer":
      return `${action.account} ${action.remittance}`;
  }
}

export async function pay(): Promise<string> {
  const headers = { "Idempotency-Key": "order-1001" };
  const { data, error } = await createPaymentIntent({
    headers,
    body: { customer_id: "shop/7", amount: 2500, currency: "EUR", payment_method: method, confirm: true },
  });
  if (error !== undefined) return `${error.type}: ${error.detail}`;
  const canceled = await cancelPaymentIntent({ headers, path: { intent_id: data.payment_intent_id }, body: {} });
  return canceled.data?.status ?? "unknown";
}

export async function walk(): Promise<(PaymentResource | RefundRecord)[]> {
  const payments = await searchPayments({ query: { currency: "EUR", amount_gte: 100, status: "captured" } });
  const refunds = await listRefunds({ query: { status: "failed", cursor: "re_00000000000000000000000000" } });
  await putDisputeEvidence({
    path: { dispute_id: "dp_00000000000000000000000000", name: "receipt.pdf" },
    query: { kind: "receipt" },
    body: new Blob(["%PDF-"]),
  });
  return [...(payments.data?.payments ?? []), ...(refunds.data?.refunds ?? [])];
}
