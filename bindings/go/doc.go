// Package tlite runs T-lite-it-1.0 and the other models of the Qwen2.5 family on CPUs, inside the
// program, by the C library libtlite_c:
//
//	model, err := tlite.Load(ctx, "T-lite-it-1.0", nil)
//	session, err := model.NewSession(nil)
//	err = session.AddUser("Hello!")
//	for text, err := range session.Reply(ctx).Text() {
//		fmt.Print(text)
//	}
//
// [Model], [Session] and [Stream] are all that a conversation needs; an [Engine] works on many
// requests at once; [Tokenizer], [ChatTemplate], [Evaluator], [Sampler] and [StopMatcher] are the
// parts, for loops of your own.
//
// # The library
//
// By default programs are linked with it, and pkg-config finds it. With the build tag
// tlite_dlopen they need nothing of it to be built, and load it when they run: see LoadLibrary.
// Either way it is asked for its ABI first: one that this package does not know is
// ErrNotSupported. See docs/go.md in the source.
//
// # Closing
//
// Close frees what an object holds; it may be called in any order, twice, and while others use the
// object, which ends what they do. What nobody closes the garbage collector frees, late: it does not
// know how large a model is.
//
// # Goroutines
//
// Models, engines, tokenizers and chat templates may be used by any number of goroutines. All else
// is for one at a time, and says so, as ErrBadState, where it is not.
//
// # Contexts and errors
//
// Every call that works long has a context, which ends it within some milliseconds, in the middle
// of a prompt too; a load ends at its next step. Errors are [*Error] with a [Code]: errors.Is(err,
// tlite.ErrNotFound). That of a context is ErrCancelled, context.Canceled (or DeadlineExceeded)
// and the context's cause at once.
//
// # Options
//
// Options are structures whose zero value, and nil, are the defaults. Fields of [Sampling] are
// pointers, as 0 has a meaning there: what is nil is as the model has it.
package tlite
