// What went wrong, in the user's language, followed by the server's own words.
import type { Failure } from "../api/failure";
import { say, write } from "../i18n";

function explanation({ kind, retryAfter }: Failure): string {
  switch (kind) {
    case "key":
      return say().failedKey;
    case "busy":
      return retryAfter === undefined ? say().failedBusy : say().failedBusyUntil(write(retryAfter));
    case "request":
      return say().failedRequest;
    case "server":
      return say().failedServer;
    case "network":
      return say().failedNetwork;
    case "protocol":
      return say().failedProtocol;
  }
}

export function failureText(failure: Failure): string {
  return failure.message === "" ? explanation(failure) : `${explanation(failure)} ${failure.message}`;
}
