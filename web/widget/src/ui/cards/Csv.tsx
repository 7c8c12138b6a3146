/** The report as a file, for the account that is signed in. */

import { useEffect, useRef, useState } from "preact/hooks";
import { DownloadError, fetchReport, reportAddress, reportName, save, type Failure } from "../../download";
import { useShared } from "../context";
import { Check, Download } from "../icons";

type State = "idle" | "busy" | "done" | Failure;

export function Csv({ csv, shop, month }: { csv: unknown; shop: string; month: string }) {
  const { t, conversation, server, announce } = useShared();
  const [state, setState] = useState<State>("idle");
  const there = useRef(true);
  useEffect(() => () => void (there.current = false), []);
  const address = reportAddress(server, csv);
  if (!address || !conversation.signedIn) return null;
  const w = t.tasks;

  const fetchIt = async (): Promise<void> => {
    if (state === "busy") return;
    setState("busy");
    announce(w.csvWait);
    let came: State = "done";
    try {
      save(await fetchReport(address, (request) => conversation.authorized(request)), reportName(shop, month));
      announce(w.csvDone);
    } catch (error) {
      came = error instanceof DownloadError ? error.failure : "server";
      announce("");
    }
    if (there.current) setState(came);
  };
  const label = state === "busy" ? w.csvWait : state === "done" ? w.csvDone : w.csv;
  return (
    <div class="file">
      <button type="button" class="quick" aria-disabled={state === "busy"} onClick={() => void fetchIt()}>
        {state === "done" ? <Check /> : <Download />}
        {label}
      </button>
      {w.csvFailures[state] && <p class="failure" role="alert">{w.csvFailures[state]}</p>}
    </div>
  );
}
