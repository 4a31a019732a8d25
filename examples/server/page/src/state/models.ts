// The models that the server has, and whether it is there at all.
import { computed, signal } from "@preact/signals";
import { listModels } from "../api/client";
import { type Failure, RequestError } from "../api/failure";
import type { Model } from "../api/wire";
import type { Settings } from "../chat/conversation";
import { apiKey } from "../store/preferences";
import { current } from "./conversations";

export const models = signal<Model[]>([]);
export const modelsFailure = signal<Failure | undefined>(undefined);

export function modelFor(settings: Settings): Model | undefined {
  return models.value.find((model) => model.id === settings.model) ?? models.value[0];
}

// The one that answers in the conversation on show.
export const currentModel = computed(() => modelFor(current.value.settings));

export async function loadModels(): Promise<void> {
  try {
    models.value = await listModels(apiKey.value);
    modelsFailure.value = undefined;
  } catch (error) {
    modelsFailure.value = error instanceof RequestError ? error.failure : { kind: "protocol", message: String(error) };
  }
}
