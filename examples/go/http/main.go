// A service that answers conversations over HTTP, many at once over one model:
//
//	http MODEL [ADDRESS]
//	curl -N localhost:8080/chat -d '{"messages": [{"role": "user", "content": "Привет!"}], "temperature": 0}'
//
// The answer is text as it comes. Who hangs up frees the place in the batch within milliseconds.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"log"
	"log/slog"
	"net/http"
	"os"
	"os/signal"
	"time"

	"libtlite.org/tlite"
)

// request is the body of a POST to /chat; the sampling parameters stand beside the messages.
type request struct {
	Messages []tlite.Message `json:"messages"`
	tlite.Sampling
}

type server struct{ engine *tlite.Engine }

func (s server) chat(w http.ResponseWriter, r *http.Request) {
	var asked request
	body := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<20))
	if err := body.Decode(&asked); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	stream, err := s.engine.SubmitMessages(r.Context(), asked.Messages, &tlite.RequestOptions{
		Sampling: &asked.Sampling, Timeout: 5 * time.Minute,
	})
	if err != nil {
		http.Error(w, err.Error(), statusOf(err))
		return
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	for text, err := range stream.Text() {
		if err != nil {
			slog.Info("an answer ended early", "error", err)
			panic(http.ErrAbortHandler) // the client sees that it is not whole
		}
		if _, err := w.Write([]byte(text)); err != nil {
			return
		}
		http.NewResponseController(w).Flush()
	}
}

func statusOf(err error) int {
	switch {
	case errors.Is(err, tlite.ErrInvalidArgument), errors.Is(err, tlite.ErrBadTemplate):
		return http.StatusBadRequest
	case errors.Is(err, tlite.ErrContextFull):
		return http.StatusRequestEntityTooLarge
	case errors.Is(err, tlite.ErrBadState), errors.Is(err, tlite.ErrCancelled):
		return http.StatusServiceUnavailable
	}
	return http.StatusInternalServerError
}

func (s server) status(w http.ResponseWriter, _ *http.Request) {
	status, err := s.engine.Status()
	if err != nil {
		http.Error(w, err.Error(), statusOf(err))
		return
	}
	_ = json.NewEncoder(w).Encode(status)
}

func (s server) routes() http.Handler {
	routes := http.NewServeMux()
	routes.HandleFunc("POST /chat", s.chat)
	routes.HandleFunc("GET /status", s.status)
	return routes
}

func main() {
	address := "localhost:8080"
	if len(os.Args) < 2 {
		log.Fatal("usage: http MODEL [ADDRESS]")
	} else if len(os.Args) > 2 {
		address = os.Args[2]
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	model, err := tlite.Load(ctx, os.Args[1], &tlite.LoadOptions{Host: tlite.Host{Logger: slog.Default()}})
	if err != nil {
		log.Fatal(err)
	}
	engine, err := model.NewEngine(nil)
	if err != nil {
		log.Fatal(err)
	}
	service := &http.Server{Addr: address, Handler: server{engine}.routes(), ReadHeaderTimeout: 10 * time.Second}
	context.AfterFunc(ctx, func() { _ = service.Shutdown(context.Background()) })
	if err := service.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
		log.Fatal(err)
	}
}
