//go:build tlite_dlopen

package tlite_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"libtlite.org/tlite"
)

// A library of another ABI, one that lacks functions and files that are none, before the one that
// the tests are for. Each in a process of its own, as a library is loaded once.
func TestLoadLibrary(t *testing.T) {
	if path := os.Getenv("TLITE_GO_TEST_LIBRARY"); path != "" {
		err := tlite.LoadLibrary(path)
		_, loaded := tlite.Load(t.Context(), "model", nil)
		switch os.Getenv("TLITE_GO_TEST_WANT") {
		case "not_there":
			wantError(t, err, tlite.ErrNotFound, path)
			wantError(t, loaded, tlite.ErrNotFound)
		case "other_abi":
			wantError(t, err, tlite.ErrNotSupported, path, "it is of ABI 77.5")
			wantError(t, tlite.Check(), tlite.ErrNotSupported, "ABI 77.5")
			wantError(t, loaded, tlite.ErrNotSupported, "ABI 77.5")
			wantEqual(t, tlite.Version(), "")
		case "lacking":
			wantError(t, err, tlite.ErrNotSupported, path, "has no tlite_abi_version")
		case "none":
			wantError(t, err, tlite.ErrNotSupported, path, "is no libtlite_c")
		}
		return
	}
	folder := t.TempDir()
	build := func(name, source string) string {
		library := filepath.Join(folder, name)
		command := exec.Command("cc", "-shared", "-fPIC", "-x", "c", "-", "-o", library)
		stdin := must(command.StdinPipe())(t)
		command.Stderr = os.Stderr
		check(t, command.Start())
		must(stdin.Write([]byte(source)))(t)
		check(t, stdin.Close())
		check(t, command.Wait())
		return library
	}
	const refuse = `#include <stddef.h>
		int tlite_check_abi(unsigned wanted, void** error) { *error = (void*)1; return REFUSES; }
		const char* tlite_error_message(void* error, size_t* size) { return "it is of ABI 77.5"; }
		void tlite_error_free(void* error) {}
`
	text := filepath.Join(folder, "text.so")
	check(t, os.WriteFile(text, []byte("no library"), 0o600))
	tests := map[string][]string{
		"not_there": {filepath.Join(folder, "nowhere.so"), text, folder},
		"other_abi": {build("other.so", "#define REFUSES -5\n"+refuse)},
		"lacking":   {build("lacking.so", "#define REFUSES 0\n"+refuse)},
		"none":      {build("none.so", "int unrelated;")},
	}
	for want, paths := range tests {
		for _, path := range paths {
			command := exec.Command(must(os.Executable())(t), "-test.run=^TestLoadLibrary$")
			command.Env = append(os.Environ(), "TLITE_GO_TEST_LIBRARY="+path, "TLITE_GO_TEST_WANT="+want, "TLITE_LIBRARY="+path)
			if output, err := command.CombinedOutput(); err != nil {
				t.Errorf("%s, %s: %v\n%s", want, path, err, output)
			}
		}
	}

	check(t, tlite.LoadLibrary("")) // it is there now, or was before
	check(t, tlite.LoadLibrary(""))
	wantError(t, tlite.LoadLibrary("another.so"), tlite.ErrBadState, "loaded already")
}
