package tlite

// #include "abi.h"
import "C"

import (
	"time"
	"unsafe"
)

// Piece is one generated token with the text that became visible through it.
type Piece struct {
	Text        string         // whole characters, possibly empty
	Token       int32          // NoToken: none, what was held back comes at the end
	Logprob     *TokenLogprob  // of the token; nil where not asked for
	TopLogprobs []TokenLogprob // of the likeliest, where asked for
}

// Generation is an answer.
type Generation struct {
	Text         string // the stop string cut off or kept, as asked
	FinishReason FinishReason
	StopString   string           // the one that ended it
	Tokens       []int32          // every sampled id, the ending one included
	Logprobs     []TokenLogprob   // one a token; nil where not asked for
	TopLogprobs  [][]TokenLogprob // of the likeliest, one list a token; nil where not asked for

	// Of the prompt's own tokens from the position PromptLogprobsStart on, for a request that asked.
	PromptLogprobs      []TokenLogprob
	PromptTopLogprobs   [][]TokenLogprob
	PromptLogprobsStart int

	Embedding []float32 // of a request with a Pooling

	PromptTokens    int // of the whole prompt
	CachedTokens    int // of these, taken from the KV cache
	DroppedMessages int // by OverflowDropOldest

	PrefillTime time.Duration
	DecodeTime  time.Duration
}

func goGeneration(c *C.tlite_generation) *Generation {
	g := &Generation{
		Text:            goText(c.text),
		FinishReason:    FinishReason(c.finish_reason),
		StopString:      goText(c.stop_string),
		Tokens:          goTokens(c.tokens, c.token_count),
		Logprobs:        goLogprobs(c.logprobs, c.token_count),
		PromptTokens:    int(c.prompt_tokens),
		CachedTokens:    int(c.cached_tokens),
		DroppedMessages: int(c.dropped_messages),
		PrefillTime:     seconds(c.prefill_seconds),
		DecodeTime:      seconds(c.decode_seconds),
	}
	g.TopLogprobs = goTopLogprobs(c.top_logprobs, c.top_logprob_offsets, c.token_count)
	if c.prompt_logprobs != nil {
		g.PromptLogprobs = goLogprobs(c.prompt_logprobs, c.prompt_logprob_count)
		g.PromptTopLogprobs = goTopLogprobs(c.prompt_top_logprobs, c.prompt_top_logprob_offsets, c.prompt_logprob_count)
		g.PromptLogprobsStart = int(c.prompt_logprobs_start)
	}
	if c.embedding != nil {
		g.Embedding = append(g.Embedding, unsafe.Slice((*float32)(c.embedding), int(c.embedding_size))...)
	}
	return g
}

// goTopLogprobs parts what C has in one list, of count tokens.
func goTopLogprobs(c *C.tlite_token_logprob, offsets *C.size_t, count C.size_t) [][]TokenLogprob {
	if offsets == nil {
		return nil
	}
	ends := unsafe.Slice(offsets, int(count)+1)
	all := goLogprobs(c, ends[count])
	lists := make([][]TokenLogprob, count)
	for i := range lists {
		lists[i] = all[ends[i]:ends[i+1]:ends[i+1]]
	}
	return lists
}

func seconds(value C.double) time.Duration {
	return time.Duration(float64(value) * float64(time.Second))
}
