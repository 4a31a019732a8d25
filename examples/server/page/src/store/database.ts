// Conversations in the browser's own storage (IndexedDB), each whole under its id, and beside it what the list shows.
import { type Conversation, titleOf } from "../chat/conversation";

export interface Summary {
  id: string;
  title: string;
  updated: number;
}

export function summaryOf(conversation: Conversation): Summary {
  return { id: conversation.id, title: titleOf(conversation), updated: conversation.updated };
}

const kWhole = "conversations";
const kSummaries = "summaries";

let opened: Promise<IDBDatabase> | undefined;

function database(): Promise<IDBDatabase> {
  opened ??= new Promise((resolve, reject) => {
    const request = indexedDB.open("tlite", 1);
    request.onupgradeneeded = () => {
      request.result.createObjectStore(kWhole, { keyPath: "id" });
      request.result.createObjectStore(kSummaries, { keyPath: "id" });
    };
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
  return opened;
}

// Runs `work` on both stores and resolves with the result of the request that it returns, once all is written.
async function transaction<T>(
  mode: IDBTransactionMode,
  work: (whole: IDBObjectStore, summaries: IDBObjectStore) => IDBRequest<T>,
): Promise<T> {
  const started = (await database()).transaction([kWhole, kSummaries], mode);
  const request = work(started.objectStore(kWhole), started.objectStore(kSummaries));
  return new Promise((resolve, reject) => {
    started.oncomplete = () => resolve(request.result);
    started.onabort = () => reject(started.error);
  });
}

export async function saveConversation(conversation: Conversation): Promise<void> {
  await transaction("readwrite", (whole, summaries) => {
    summaries.put(summaryOf(conversation));
    return whole.put(conversation);
  });
}

export async function deleteConversation(id: string): Promise<void> {
  await transaction("readwrite", (whole, summaries) => {
    summaries.delete(id);
    return whole.delete(id);
  });
}

export function readConversation(id: string): Promise<Conversation | undefined> {
  return transaction("readonly", (whole) => whole.get(id) as IDBRequest<Conversation | undefined>);
}

export function readAllConversations(): Promise<Conversation[]> {
  return transaction("readonly", (whole) => whole.getAll() as IDBRequest<Conversation[]>);
}

export function readSummaries(): Promise<Summary[]> {
  return transaction("readonly", (_, summaries) => summaries.getAll() as IDBRequest<Summary[]>);
}
