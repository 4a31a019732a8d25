package tlite

// #include "abi.h"
import "C"

// NoToken stands where there is no token.
const NoToken int32 = -1

// Tokenizer makes ids of text and text of ids. It never changes and may be used by any number of
// goroutines.
type Tokenizer struct {
	object[*C.tlite_tokenizer]
	vocabSize     int
	bos, eos, pad int32
}

func newTokenizer(c *C.tlite_tokenizer) *Tokenizer {
	t := &Tokenizer{
		vocabSize: int(C.tlite_tokenizer_vocab_size(c)),
		bos:       int32(C.tlite_tokenizer_bos_token(c)),
		eos:       int32(C.tlite_tokenizer_eos_token(c)),
		pad:       int32(C.tlite_tokenizer_pad_token(c)),
	}
	return own(t, &t.object, &life[*C.tlite_tokenizer]{
		kind: "tokenizer", shared: true, c: c,
		free: func(c *C.tlite_tokenizer) { C.tlite_tokenizer_free(c) },
	})
}

// LoadTokenizer reads a Hugging Face directory, a tokenizer.json or a .gguf file.
func LoadTokenizer(path string, from Host) (*Tokenizer, error) {
	host, err := from.open()
	if err != nil {
		return nil, err
	}
	var c *C.tlite_tokenizer
	var e *C.tlite_error
	name, size := chars(path)
	if err := host.close(failure(C.tlite_tokenizer_load(host.c, name, size, &c, &e), &e)); err != nil {
		return nil, err
	}
	return newTokenizer(c), nil
}

// Range is the bytes from Begin to before End of a text.
type Range struct{ Begin, End int }

// EncodeOptions are the options of Encode; the zero value has the defaults.
type EncodeOptions struct {
	// LiteralSpecial takes special tokens such as <|im_start|> for plain text.
	LiteralSpecial bool
	// LiteralRanges are where special tokens are plain text even so: what a user typed. Sorted,
	// without overlap.
	LiteralRanges []Range
	// WithoutAdded leaves out the tokens that the tokenizer puts around every text (Qwen2.5 has
	// none). A rendered chat prompt has them written out.
	WithoutAdded bool
}

// Encode makes ids of a text. opts may be nil. Invalid UTF-8 counts as U+FFFD.
func (t *Tokenizer) Encode(text string, opts *EncodeOptions) ([]int32, error) {
	c, err := t.take()
	if err != nil {
		return nil, err
	}
	defer t.give()
	if opts == nil {
		opts = &EncodeOptions{}
	}
	var pin pins
	defer pin.Unpin()
	var o C.tlite_encode_options
	C.tlite_encode_options_init(&o, C.sizeof_tlite_encode_options)
	o.parse_special = flag(!opts.LiteralSpecial)
	o.add_special = flag(!opts.WithoutAdded)
	literal := make([]C.tlite_text_range, len(opts.LiteralRanges))
	for i, r := range opts.LiteralRanges {
		literal[i] = C.tlite_text_range{begin: C.size_t(r.Begin), end: C.size_t(r.End)}
	}
	o.literal_ranges, o.literal_range_count = pinned(&pin, literal)
	var ids *C.tlite_tokens
	var e *C.tlite_error
	data, size := chars(text)
	if err := failure(C.tlite_tokenizer_encode(c, data, size, &o, &ids, &e), &e); err != nil {
		return nil, err
	}
	defer C.tlite_tokens_free(ids)
	var count C.size_t
	first := C.tlite_tokens_data(ids, &count)
	return goTokens(first, count), nil
}

// EncodePrompt makes ids of a rendered conversation: special tokens inside its messages are plain
// text.
func (t *Tokenizer) EncodePrompt(prompt Prompt) ([]int32, error) {
	return t.Encode(prompt.Text, &EncodeOptions{LiteralRanges: prompt.LiteralRanges, WithoutAdded: true})
}

// DecodeOptions are the options of Decode; the zero value has the defaults.
type DecodeOptions struct {
	SkipSpecial bool // leave special tokens out of the text
}

func (o *DecodeOptions) c() C.tlite_decode_options {
	var c C.tlite_decode_options
	C.tlite_decode_options_init(&c, C.sizeof_tlite_decode_options)
	if o != nil {
		c.skip_special = flag(o.SkipSpecial)
	}
	return c
}

// Decode makes text of ids. opts may be nil. ErrInvalidArgument for an id outside the vocabulary.
func (t *Tokenizer) Decode(ids []int32, opts *DecodeOptions) (string, error) {
	c, err := t.take()
	if err != nil {
		return "", err
	}
	defer t.give()
	o := opts.c()
	var text *C.tlite_string
	var e *C.tlite_error
	data, count := ints(ids)
	if err := failure(C.tlite_tokenizer_decode(c, data, count, &o, &text, &e), &e); err != nil {
		return "", err
	}
	return takeString(text), nil
}

// TokenBytes are the bytes that one id stands for: not necessarily whole characters.
func (t *Tokenizer) TokenBytes(id int32) ([]byte, error) {
	c, err := t.take()
	if err != nil {
		return nil, err
	}
	defer t.give()
	var text *C.tlite_string
	var e *C.tlite_error
	if err := failure(C.tlite_tokenizer_get_token_bytes(c, C.int32_t(id), &text, &e), &e); err != nil {
		return nil, err
	}
	return []byte(takeString(text)), nil
}

// TokenID is the id of a token as the vocabulary writes it: "<|im_end|>". ErrNotFound.
func (t *Tokenizer) TokenID(token string) (int32, error) {
	c, err := t.take()
	if err != nil {
		return NoToken, err
	}
	defer t.give()
	var id C.int32_t
	var e *C.tlite_error
	data, size := chars(token)
	if err := failure(C.tlite_tokenizer_get_token_id(c, data, size, &id, &e), &e); err != nil {
		return NoToken, err
	}
	return int32(id), nil
}

// IsSpecial is false for an id outside the vocabulary, too, and after Close.
func (t *Tokenizer) IsSpecial(id int32) bool {
	c, err := t.take()
	if err != nil {
		return false
	}
	defer t.give()
	return C.tlite_tokenizer_is_special(c, C.int32_t(id)) != 0
}

// VocabSize is one more than the largest id that has a text.
func (t *Tokenizer) VocabSize() int { return t.vocabSize }

// BOS is the token that begins a text, or NoToken.
func (t *Tokenizer) BOS() int32 { return t.bos }

// EOS is the token that ends a text, or NoToken.
func (t *Tokenizer) EOS() int32 { return t.eos }

// Pad is the token that fills up batches, or NoToken.
func (t *Tokenizer) Pad() int32 { return t.pad }

// StreamDecoder makes text of ids that come one at a time, in whole characters. It is for one
// goroutine at a time.
type StreamDecoder struct {
	object[*C.tlite_stream_decoder]
}

// NewStreamDecoder begins a text. opts may be nil.
func (t *Tokenizer) NewStreamDecoder(opts *DecodeOptions) (*StreamDecoder, error) {
	c, err := t.take()
	if err != nil {
		return nil, err
	}
	defer t.give()
	o := opts.c()
	var decoder *C.tlite_stream_decoder
	var e *C.tlite_error
	if err := failure(C.tlite_stream_decoder_create(c, &o, &decoder, &e), &e); err != nil {
		return nil, err
	}
	d := &StreamDecoder{}
	return own(d, &d.object, &life[*C.tlite_stream_decoder]{
		kind: "stream decoder", c: decoder,
		free: func(c *C.tlite_stream_decoder) { C.tlite_stream_decoder_free(c) },
	}), nil
}

// Push is the text that became complete with this id, possibly empty.
func (d *StreamDecoder) Push(id int32) (string, error) {
	c, err := d.take()
	if err != nil {
		return "", err
	}
	defer d.give()
	var text C.tlite_text
	var e *C.tlite_error
	if err := failure(C.tlite_stream_decoder_push(c, C.int32_t(id), &text, &e), &e); err != nil {
		return "", err
	}
	return goText(text), nil
}

// Finish is what is left at the end; then the decoder is as new.
func (d *StreamDecoder) Finish() (string, error) {
	c, err := d.take()
	if err != nil {
		return "", err
	}
	defer d.give()
	var text C.tlite_text
	var e *C.tlite_error
	if err := failure(C.tlite_stream_decoder_finish(c, &text, &e), &e); err != nil {
		return "", err
	}
	return goText(text), nil
}
