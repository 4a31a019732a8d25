package tlite

// #include "abi.h"
import "C"

import (
	"fmt"
	"maps"
	"math"
	"runtime"
	"slices"
	"strconv"
	"unsafe"
)

// The C types behind the sets of constants.
type (
	cDataType  = C.tlite_data_type
	cWeightMix = C.tlite_weight_mix
)

// Ptr makes a pointer to a value, for the fields of Sampling.
func Ptr[T any](value T) *T { return &value }

// chars is a text as C takes it.
func chars(s string) (*C.char, C.size_t) {
	return (*C.char)(unsafe.Pointer(unsafe.StringData(s))), C.size_t(len(s))
}

// ints is a list of ids as C takes it.
func ints(ids []int32) (*C.int32_t, C.size_t) {
	return (*C.int32_t)(unsafe.SliceData(ids)), C.size_t(len(ids))
}

func goText(t C.tlite_text) string { return goString(t.data, t.size) }

func goString(data *C.char, size C.size_t) string {
	return string(unsafe.Slice((*byte)(unsafe.Pointer(data)), int(size)))
}

// takeString copies a text that C made, and frees it.
func takeString(s *C.tlite_string) string {
	var size C.size_t
	data := C.tlite_string_data(s, &size)
	text := goString(data, size)
	C.tlite_string_free(s)
	return text
}

func flag(yes bool) C.int32_t {
	if yes {
		return 1
	}
	return 0
}

// ranges puts ints into fields of C, and remembers the first that does not fit.
type ranges struct{ err error }

func (r *ranges) int32(value int, name string) C.int32_t {
	if (value < math.MinInt32 || value > math.MaxInt32) && r.err == nil {
		r.err = newError(ErrInvalidArgument, fmt.Sprintf("%s is %d; it has 32 bits", name, value))
	}
	return C.int32_t(value)
}

// set leaves the field as it is for nil.
func (r *ranges) set(field *C.int32_t, value *int, name string) {
	if value != nil {
		*field = r.int32(*value, name)
	}
}

// or leaves the field as it is for 0, the zero value of options.
func (r *ranges) or(field *C.int32_t, value int, name string) {
	if value != 0 {
		*field = r.int32(value, name)
	}
}

func setFloat(field *C.float, value *float64) {
	if value != nil {
		*field = C.float(*value)
	}
}

func setFlag(field *C.int32_t, value *bool) {
	if value != nil {
		*field = flag(*value)
	}
}

// decimal is the shortest number that a float32 can be written as: 0.7, not 0.699999988079071.
// As a float32 it is the same again.
func decimal(value float32) float64 {
	text := strconv.FormatFloat(float64(value), 'g', -1, 32)
	number, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return float64(value)
	}
	return number
}

// pins holds in place what structures point to while C reads them. Unpin it after the call.
type pins struct{ runtime.Pinner }

func (p *pins) text(s string) C.tlite_text {
	if s == "" {
		return C.tlite_text{}
	}
	data, size := chars(s)
	p.Pin(data)
	return C.tlite_text{data: data, size: size}
}

// pinned is a list as fields of C hold it.
func pinned[T any](p *pins, list []T) (*T, C.size_t) {
	if len(list) == 0 {
		return nil, 0
	}
	p.Pin(unsafe.SliceData(list))
	return unsafe.SliceData(list), C.size_t(len(list))
}

func (p *pins) cTokens(ids []int32) (*C.int32_t, C.size_t) {
	data, size := pinned(p, ids)
	return (*C.int32_t)(data), size
}

func (p *pins) cTexts(texts []string) (*C.tlite_text, C.size_t) {
	list := make([]C.tlite_text, len(texts))
	for i, text := range texts {
		list[i] = p.text(text)
	}
	return pinned(p, list)
}

func (p *pins) tokenList(ids []int32) C.tlite_token_list {
	data, size := p.cTokens(ids)
	return C.tlite_token_list{data: data, size: size}
}

func (p *pins) cTokenLists(lists [][]int32) (*C.tlite_token_list, C.size_t) {
	list := make([]C.tlite_token_list, len(lists))
	for i, ids := range lists {
		list[i] = p.tokenList(ids)
	}
	return pinned(p, list)
}

func (p *pins) cLogitBiases(biases map[int32]float64) (*C.tlite_logit_bias, C.size_t) {
	list := make([]C.tlite_logit_bias, 0, len(biases))
	for _, token := range slices.Sorted(maps.Keys(biases)) {
		list = append(list, C.tlite_logit_bias{token: C.int32_t(token), bias: C.float(biases[token])})
	}
	return pinned(p, list)
}

func (p *pins) cSequenceBiases(biases []SequenceBias) (*C.tlite_sequence_bias, C.size_t) {
	list := make([]C.tlite_sequence_bias, len(biases))
	for i, bias := range biases {
		list[i] = C.tlite_sequence_bias{tokens: p.tokenList(bias.Tokens), bias: C.float(bias.Bias)}
	}
	return pinned(p, list)
}

func goTokens(data *C.int32_t, size C.size_t) []int32 {
	list := make([]int32, size)
	copy(list, unsafe.Slice((*int32)(data), int(size)))
	return list
}

func goTexts(data *C.tlite_text, size C.size_t) []string {
	list := make([]string, size)
	for i, text := range unsafe.Slice(data, int(size)) {
		list[i] = goText(text)
	}
	return list
}

func goTokenLists(data *C.tlite_token_list, size C.size_t) [][]int32 {
	list := make([][]int32, size)
	for i, ids := range unsafe.Slice(data, int(size)) {
		list[i] = goTokens(ids.data, ids.size)
	}
	return list
}

func goLogitBiases(data *C.tlite_logit_bias, size C.size_t) map[int32]float64 {
	biases := make(map[int32]float64, size)
	for _, bias := range unsafe.Slice(data, int(size)) {
		biases[int32(bias.token)] = decimal(float32(bias.bias))
	}
	return biases
}

func goSequenceBiases(data *C.tlite_sequence_bias, size C.size_t) []SequenceBias {
	list := make([]SequenceBias, size)
	for i, bias := range unsafe.Slice(data, int(size)) {
		list[i] = SequenceBias{goTokens(bias.tokens.data, bias.tokens.size), decimal(float32(bias.bias))}
	}
	return list
}
