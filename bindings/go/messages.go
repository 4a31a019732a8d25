package tlite

// #include "abi.h"
import "C"

import "unsafe"

// The roles of messages that every chat template knows.
const (
	RoleSystem    = "system"
	RoleUser      = "user"
	RoleAssistant = "assistant"
	RoleTool      = "tool"
)

// Message is one of a conversation.
type Message struct {
	Role       string     `json:"role"`
	Content    string     `json:"content"`
	ToolCalls  []ToolCall `json:"tool_calls,omitempty"`
	ToolCallID string     `json:"tool_call_id,omitempty"` // for RoleTool
	Name       string     `json:"name,omitempty"`
}

// ToolCall is a call that an assistant asks for.
type ToolCall struct {
	ID        string `json:"id,omitempty"`
	Name      string `json:"name"`
	Arguments string `json:"arguments"` // a JSON object
}

// System, User and Assistant make messages of those roles.
func System(content string) Message    { return Message{Role: RoleSystem, Content: content} }
func User(content string) Message      { return Message{Role: RoleUser, Content: content} }
func Assistant(content string) Message { return Message{Role: RoleAssistant, Content: content} }

// ParseMessages reads a JSON array of messages as Hugging Face and OpenAI write them.
// ErrInvalidArgument names the message and the field.
func ParseMessages(json string) ([]Message, error) {
	if err := ready(); err != nil {
		return nil, err
	}
	var list *C.tlite_messages
	var e *C.tlite_error
	data, size := chars(json)
	if err := failure(C.tlite_messages_parse(data, size, &list, &e), &e); err != nil {
		return nil, err
	}
	return takeMessages(list)
}

// fill puts the message into a structure; p holds its texts until that was read.
func (m *Message) fill(c *C.tlite_message, p *pins) {
	C.tlite_message_init(c, C.sizeof_tlite_message)
	c.role = p.text(m.Role)
	c.content = p.text(m.Content)
	c.tool_call_id = p.text(m.ToolCallID)
	c.name = p.text(m.Name)
	calls := make([]C.tlite_tool_call, len(m.ToolCalls))
	for i, call := range m.ToolCalls {
		calls[i].name = p.text(call.Name)
		calls[i].arguments_json = p.text(call.Arguments)
		calls[i].id = p.text(call.ID)
	}
	c.tool_calls, c.tool_call_count = pinned(p, calls)
}

// newMessages is a list of C, to be freed.
func newMessages(messages []Message) (*C.tlite_messages, error) {
	var list *C.tlite_messages
	var e *C.tlite_error
	if err := failure(C.tlite_messages_create(&list, &e), &e); err != nil {
		return nil, err
	}
	var pin pins
	defer pin.Unpin()
	for i := range messages {
		var c C.tlite_message
		messages[i].fill(&c, &pin)
		if err := failure(C.tlite_messages_add(list, &c, &e), &e); err != nil {
			C.tlite_messages_free(list)
			return nil, err
		}
	}
	return list, nil
}

// takeMessages copies a list of C and frees it.
func takeMessages(list *C.tlite_messages) ([]Message, error) {
	defer C.tlite_messages_free(list)
	messages := make([]Message, C.tlite_messages_count(list))
	for i := range messages {
		var c C.tlite_message
		C.tlite_message_init(&c, C.sizeof_tlite_message)
		var e *C.tlite_error
		if err := failure(C.tlite_messages_get(list, C.size_t(i), &c, &e), &e); err != nil {
			return nil, err
		}
		messages[i] = goMessage(&c)
	}
	return messages, nil
}

func goMessage(c *C.tlite_message) Message {
	message := Message{
		Role:       goText(c.role),
		Content:    goText(c.content),
		ToolCallID: goText(c.tool_call_id),
		Name:       goText(c.name),
	}
	for _, call := range unsafe.Slice(c.tool_calls, int(c.tool_call_count)) {
		message.ToolCalls = append(message.ToolCalls, ToolCall{
			ID:        goText(call.id),
			Name:      goText(call.name),
			Arguments: goText(call.arguments_json),
		})
	}
	return message
}
