// Package clienttests walks the life of a key by the generated client for Go. The environment is set by ../run.
package clienttests

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"net/http"
	"os"
	"testing"
	"time"

	"uplion/control"

	"github.com/oapi-codegen/nullable"
)

var (
	address           = os.Getenv("CONTROL_URL") + "/control/v1"
	model, otherModel = os.Getenv("MODEL"), os.Getenv("OTHER_MODEL")
	ctx               = context.Background()
	api               = client(os.Getenv("ADMIN_KEY"))
)

func client(key string) *control.ClientWithResponses {
	bearer := func(_ context.Context, request *http.Request) error {
		request.Header.Set("Authorization", "Bearer "+key)
		return nil
	}
	client, err := control.NewClientWithResponses(address, control.WithRequestEditorFn(bearer))
	if err != nil {
		panic(err)
	}
	return client
}

// ask tells what the gateway answers to a chat completion.
func ask(t *testing.T, secret, model string) int {
	t.Helper()
	body, err := json.Marshal(map[string]any{
		"model":      model,
		"messages":   []map[string]string{{"role": "user", "content": "Hello!"}},
		"max_tokens": 4,
	})
	must(t, err)
	request, err := http.NewRequest(http.MethodPost, os.Getenv("BASE_URL")+"/chat/completions", bytes.NewReader(body))
	must(t, err)
	request.Header.Set("Authorization", "Bearer "+secret)
	request.Header.Set("Content-Type", "application/json")
	answer, err := http.DefaultClient.Do(request)
	must(t, err)
	must(t, answer.Body.Close())
	return answer.StatusCode
}

// becomes holds that changes are at every gateway within two seconds of their answer.
func becomes(t *testing.T, status int, secret, model string) {
	t.Helper()
	end := time.Now().Add(2 * time.Second)
	seen := ask(t, secret, model)
	for seen != status && time.Now().Before(end) {
		seen = ask(t, secret, model)
	}
	equal(t, seen, status)
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func equal[T comparable](t *testing.T, seen, expected T) {
	t.Helper()
	if seen != expected {
		t.Fatalf("%v, not %v", seen, expected)
	}
}

// is gives what an answer holds, which is nil if it was another answer.
func is[T any](t *testing.T, value *T, body []byte) T {
	t.Helper()
	if value == nil {
		t.Fatalf("another answer: %s", body)
	}
	return *value
}

func key(t *testing.T, name string) (id, secret string) {
	t.Helper()
	made, err := api.CreateProjectWithResponse(ctx, nil, control.NewProject{Name: "go-" + rand.Text()})
	must(t, err)
	project := is(t, made.JSON201, made.Body)
	issued, err := api.IssueKeyWithResponse(ctx, nil, control.NewKey{Project: project.Id, Name: name})
	must(t, err)
	key := is(t, issued.JSON201, issued.Body)
	return key.Id, key.Secret.MustGet()
}

func only(model string) control.AllowedModels {
	return control.AllowedModels{Models: nullable.NewNullableWithValue([]string{model})}
}

func TestAKeyLivesFromItsIssueToItsRevocation(t *testing.T) {
	known, err := api.GetModelWithResponse(ctx, model)
	must(t, err)
	equal(t, is(t, known.JSON200, known.Body).Name, model)

	id, secret := key(t, "life")
	becomes(t, 200, secret, model)

	allowed, err := api.AllowModelsWithResponse(ctx, id, nil, only(otherModel))
	must(t, err)
	equal(t, is(t, allowed.JSON200, allowed.Body).InForce, true)
	becomes(t, 404, secret, model)
	becomes(t, 200, secret, otherModel)

	shown, err := api.GetKeyWithResponse(ctx, id)
	must(t, err)
	equal(t, is(t, shown.JSON200, shown.Body).Models.MustGet()[0], otherModel)
	equal(t, shown.Headers200.ETag, `"2"`)

	grace := nullable.NewNullableWithValue(uint32(3600))
	rotated, err := api.RotateKeyWithResponse(ctx, id, nil, control.Rotation{GraceSeconds: grace})
	must(t, err)
	next := is(t, rotated.JSON200, rotated.Body).Secret.MustGet()
	becomes(t, 200, next, otherModel)
	becomes(t, 200, secret, otherModel)

	revoked, err := api.RevokeKeyWithResponse(ctx, id, nil)
	must(t, err)
	position := is(t, revoked.JSON200, revoked.Body).Position.MustGet()
	becomes(t, 401, secret, otherModel)
	becomes(t, 401, next, otherModel)

	most := uint64(1000)
	listed, err := api.ListKeysWithResponse(ctx, &control.ListKeysParams{Limit: &most, UplionPosition: &position})
	must(t, err)
	for _, key := range is(t, listed.JSON200, listed.Body).Data {
		if key.Id == id {
			equal(t, string(key.Status), "revoked")
			return
		}
	}
	t.Fatal("the key is not listed")
}

func TestAChangeAtAnotherVersionThanTheOneNamedIsAProblemWithTheCurrentVersion(t *testing.T) {
	id, _ := key(t, "conflict")
	seen, err := api.GetKeyWithResponse(ctx, id)
	must(t, err)
	at := &control.AllowModelsParams{IfMatch: &seen.Headers200.ETag}
	first, err := api.AllowModelsWithResponse(ctx, id, at, only(model))
	must(t, err)
	equal(t, is(t, first.JSON200, first.Body).Version, 2)

	late, err := api.AllowModelsWithResponse(ctx, id, at, control.AllowedModels{Models: nullable.NewNullNullable[[]string]()})
	must(t, err)
	problem := is(t, late.ApplicationproblemJSON412, late.Body)
	equal(t, problem.Code, "changed")
	equal(t, problem.Version.MustGet(), 2)
	equal(t, late.Headers412.ETag, `"2"`)
}

func TestAWriteSaidAgainWithItsIdempotencyKeyIsCarriedOutOnce(t *testing.T) {
	once, body := rand.Text(), control.NewProject{Name: "go-" + rand.Text()}
	said := &control.CreateProjectParams{IdempotencyKey: &once}
	first, err := api.CreateProjectWithResponse(ctx, said, body)
	must(t, err)
	again, err := api.CreateProjectWithResponse(ctx, said, body)
	must(t, err)
	made, repeated := is(t, first.JSON201, first.Body), is(t, again.JSON200, again.Body)
	equal(t, repeated.Id, made.Id)
	equal(t, made.Repeated, false)
	equal(t, repeated.Repeated, true)
}

func TestWhoHasNoKeyIsToldSo(t *testing.T) {
	refused, err := client("nobody").ListProjectsWithResponse(ctx, nil)
	must(t, err)
	equal(t, is(t, refused.ApplicationproblemJSON401, refused.Body).Status, 401)
}
