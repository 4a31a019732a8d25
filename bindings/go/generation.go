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
	if c.top_logprob_offsets != nil {
		all := goLogprobs(c.top_logprobs, c.top_logprob_count)
		offsets := unsafe.Slice(c.top_logprob_offsets, int(c.token_count)+1)
		g.TopLogprobs = make([][]TokenLogprob, c.token_count)
		for i := range g.TopLogprobs {
			g.TopLogprobs[i] = all[offsets[i]:offsets[i+1]:offsets[i+1]]
		}
	}
	return g
}

func seconds(value C.double) time.Duration {
	return time.Duration(float64(value) * float64(time.Second))
}
