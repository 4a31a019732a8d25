package tlite

// #include "abi.h"
import "C"

import (
	"time"
	"unsafe"
)

// ChatTemplate renders conversations as a model wants them. It never changes and may be used by
// any number of goroutines.
type ChatTemplate struct {
	object[*C.tlite_chat_template]
	source string
}

func newChatTemplate(c *C.tlite_chat_template) *ChatTemplate {
	var size C.size_t
	data := C.tlite_chat_template_source(c, &size)
	t := &ChatTemplate{source: goString(data, size)}
	return own(t, &t.object, &life[*C.tlite_chat_template]{
		kind: "chat template", shared: true, c: c,
		free: func(c *C.tlite_chat_template) { C.tlite_chat_template_free(c) },
	})
}

// LoadChatTemplate reads that of a Hugging Face directory or a .gguf file. ErrNotFound where it
// has none.
func LoadChatTemplate(path string, from Host) (*ChatTemplate, error) {
	host, err := from.open()
	if err != nil {
		return nil, err
	}
	var c *C.tlite_chat_template
	var e *C.tlite_error
	name, size := chars(path)
	if err := host.close(failure(C.tlite_chat_template_load(host.c, name, size, &c, &e), &e)); err != nil {
		return nil, err
	}
	return newChatTemplate(c), nil
}

// ParseChatTemplate reads a template's source. The two tokens are given to it as variables.
func ParseChatTemplate(source, bosToken, eosToken string) (*ChatTemplate, error) {
	if err := ready(); err != nil {
		return nil, err
	}
	var c *C.tlite_chat_template
	var e *C.tlite_error
	data, size := chars(source)
	bos, bosSize := chars(bosToken)
	eos, eosSize := chars(eosToken)
	status := C.tlite_chat_template_parse(data, size, bos, bosSize, eos, eosSize, &c, &e)
	if err := failure(status, &e); err != nil {
		return nil, err
	}
	return newChatTemplate(c), nil
}

// Source is the template's text.
func (t *ChatTemplate) Source() string { return t.source }

// TemplateOptions are the options of Render; the zero value has the defaults.
type TemplateOptions struct {
	AddGenerationPrompt bool      // end with the header of the assistant's turn
	ToolsJSON           string    // a JSON array of tool definitions
	ExtraJSON           string    // a JSON object of further template variables
	Now                 time.Time // for strftime_now; zero: the system clock
}

// Prompt is a rendered conversation.
type Prompt struct {
	Text string
	// LiteralRanges are the parts of the text that came out of the messages, for EncodeOptions.
	LiteralRanges []Range
}

// Render renders messages. opts may be nil.
func (t *ChatTemplate) Render(messages []Message, opts *TemplateOptions) (Prompt, error) {
	c, err := t.take()
	if err != nil {
		return Prompt{}, err
	}
	defer t.give()
	list, err := newMessages(messages)
	if err != nil {
		return Prompt{}, err
	}
	defer C.tlite_messages_free(list)
	return render(opts, func(o *C.tlite_template_options, out **C.tlite_prompt, e **C.tlite_error) C.tlite_status {
		return C.tlite_chat_template_render(c, list, o, out, e)
	})
}

// RenderJSON renders a JSON array of messages with any fields that the template understands.
func (t *ChatTemplate) RenderJSON(messages string, opts *TemplateOptions) (Prompt, error) {
	c, err := t.take()
	if err != nil {
		return Prompt{}, err
	}
	defer t.give()
	data, size := chars(messages)
	return render(opts, func(o *C.tlite_template_options, out **C.tlite_prompt, e **C.tlite_error) C.tlite_status {
		return C.tlite_chat_template_render_json(c, data, size, o, out, e)
	})
}

func render(opts *TemplateOptions,
	call func(*C.tlite_template_options, **C.tlite_prompt, **C.tlite_error) C.tlite_status) (Prompt, error) {
	if opts == nil {
		opts = &TemplateOptions{}
	}
	var pin pins
	defer pin.Unpin()
	var o C.tlite_template_options
	C.tlite_template_options_init(&o, C.sizeof_tlite_template_options)
	o.add_generation_prompt = flag(opts.AddGenerationPrompt)
	o.tools_json = pin.text(opts.ToolsJSON)
	o.extra_json = pin.text(opts.ExtraJSON)
	if !opts.Now.IsZero() {
		o.has_now, o.now = 1, C.int64_t(opts.Now.Unix())
	}
	var prompt *C.tlite_prompt
	var e *C.tlite_error
	if err := failure(call(&o, &prompt, &e), &e); err != nil {
		return Prompt{}, err
	}
	defer C.tlite_prompt_free(prompt)
	var size, count C.size_t
	text := C.tlite_prompt_text(prompt, &size)
	ranges := C.tlite_prompt_literal_ranges(prompt, &count)
	result := Prompt{Text: goString(text, size), LiteralRanges: make([]Range, count)}
	for i, r := range unsafe.Slice(ranges, int(count)) {
		result.LiteralRanges[i] = Range{int(r.begin), int(r.end)}
	}
	return result, nil
}
