package tlite

import "context"

// EmbedOptions are the options of Embed; the zero value has the defaults.
type EmbedOptions struct {
	Pooling            Pooling // PoolingNone, the default: PoolingLast
	WithoutNormalizing bool    // leave their lengths as they are; else they are 1
	Priority           int     // higher ones first
}

// Embed makes an embedding of each text, HiddenSize of the model's Info numbers, in the order of the
// texts; special tokens in them are parsed. They share batches with each other and with what else the
// engine has to do. opts may be nil.
func (e *Engine) Embed(ctx context.Context, texts []string, opts *EmbedOptions) ([][]float32, error) {
	if opts == nil {
		opts = &EmbedOptions{}
	}
	request := RequestOptions{Pooling: opts.Pooling, WithoutNormalizing: opts.WithoutNormalizing, Priority: opts.Priority}
	if request.Pooling == PoolingNone {
		request.Pooling = PoolingLast
	}
	streams := make([]*Stream, 0, len(texts))
	defer func() {
		for _, stream := range streams {
			stream.Close()
		}
	}()
	for _, text := range texts {
		stream, err := e.SubmitText(ctx, text, &request)
		if err != nil {
			return nil, err
		}
		streams = append(streams, stream)
	}
	embeddings := make([][]float32, len(streams))
	for i, stream := range streams {
		result, err := stream.Result()
		if err != nil {
			return nil, err
		}
		embeddings[i] = result.Embedding
	}
	return embeddings, nil
}
