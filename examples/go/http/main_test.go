package main

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"libtlite.org/tlite"
)

func start(t *testing.T) (*httptest.Server, *tlite.Engine) {
	path := os.Getenv("TLITE_TEST_MODEL")
	if path == "" {
		path = "../../demo-model/model"
	}
	model, err := tlite.Load(t.Context(), path, nil)
	if err != nil {
		t.Fatal(err)
	}
	engine, err := model.NewEngine(nil)
	if err != nil {
		t.Fatal(err)
	}
	service := httptest.NewServer(server{engine}.routes())
	t.Cleanup(func() {
		service.Close()
		engine.Close()
		model.Close()
	})
	return service, engine
}

func post(t *testing.T, service *httptest.Server, body string) (int, string) {
	response, err := http.Post(service.URL+"/chat", "application/json", strings.NewReader(body))
	if err != nil {
		t.Error(err)
		return 0, ""
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Error(err)
	}
	return response.StatusCode, string(text)
}

func TestAnswers(t *testing.T) {
	service, _ := start(t)
	const question = `{"messages": [{"role": "user", "content": "Напиши стих про машинное обучение"}], "temperature": 0}`
	_, want := post(t, service, question)
	if len(strings.Split(want, "\n")) < 4 {
		t.Fatalf("no poem: %q", want)
	}
	var all sync.WaitGroup
	for range 8 {
		all.Add(1)
		go func() {
			defer all.Done()
			if status, text := post(t, service, question); status != 200 || text != want {
				t.Errorf("%d %q", status, text)
			}
		}()
	}
	all.Wait()
}

func TestBadRequests(t *testing.T) {
	service, _ := start(t)
	for body, want := range map[string]int{
		"{":                400,
		`{"messages": []}`: 400,
		`{"messages": [{"role": "user", "content": "x"}], "top_p": 2}`:                                  400,
		`{"messages": [{"role": "user", "content": "` + strings.Repeat("слово ", 30000) + `"}]}`:        413,
		`{"messages": [{"role": "user", "content": "` + strings.Repeat("x", 2<<20) + `"}], "top_p": 1}`: 400,
	} {
		if status, text := post(t, service, body); status != want {
			t.Errorf("%.60s: %d %s", body, status, text)
		}
	}
}

func TestAClientThatHangsUp(t *testing.T) {
	service, engine := start(t)
	ctx, cancel := context.WithCancel(t.Context())
	request, err := http.NewRequestWithContext(ctx, "POST", service.URL+"/chat", strings.NewReader(
		`{"messages": [{"role": "user", "content": "x"}], "ignore_eos": true, "max_new_tokens": 10000}`))
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	cancel()
	for range 3000 {
		if status, err := engine.Status(); err == nil && status.Running == 0 {
			return
		}
		time.Sleep(time.Millisecond)
	}
	t.Error("the request goes on")
}
