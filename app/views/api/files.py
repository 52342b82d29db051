"""/api/v1/files: what was attached in chats, for their members only and never shown inside our pages."""

from __future__ import annotations

from flask.typing import ResponseReturnValue
from flask_appbuilder.api import expose, protect

from app import access
from app.security import acting_user
from app.services.chats import chat_file_list, chat_files, message_pages
from app.views import downloads
from app.views.api.own import OwnApi
from app.views.api.problem import number, problems, uploaded_file
from app.views.generated.writing import write

FILES_SHOWN = 30


class FileApi(OwnApi):
    """Files of chats."""

    resource_name = "files"
    class_permission_name = "Center"
    openapi_spec_tag = "Chats"

    @expose("/<int:file_id>", methods=["GET"])
    @protect()
    @problems
    def download(self, file_id: int) -> ResponseReturnValue:
        """A file, always as a download
        ---
        get:
          parameters:
          - {in: path, name: file_id, schema: {type: integer}, required: true}
          responses:
            200:
              description: The file
            404: {$ref: '#/components/responses/404'}
        """
        return downloads.download(access.access_file(acting_user().id, file_id))

    @expose("/<int:file_id>/thumbnail", methods=["GET"])
    @protect()
    @problems
    def thumbnail(self, file_id: int) -> ResponseReturnValue:
        """A picture's preview, which we have drawn ourselves
        ---
        get:
          parameters:
          - {in: path, name: file_id, schema: {type: integer}, required: true}
          responses:
            200:
              description: A WebP picture
            404: {$ref: '#/components/responses/404'}
        """
        return downloads.preview(access.access_file(acting_user().id, file_id))


class UploadApi(OwnApi):
    """Files on their way into a chat, and those that it has."""

    resource_name = "chats"
    class_permission_name = "Center"
    openapi_spec_tag = "Chats"

    @expose("/<int:chat_id>/files", methods=["POST"])
    @protect()
    @problems
    def upload(self, chat_id: int) -> ResponseReturnValue:
        """Upload a file, to be sent with a message within a day
        ---
        post:
          parameters:
          - {in: path, name: chat_id, schema: {type: integer}, required: true}
          requestBody:
            content:
              multipart/form-data:
                schema: {type: object, properties: {file: {type: string, format: binary}}}
          responses:
            201:
              description: "`id`, `result`"
            413:
              description: Too big
            422: {$ref: '#/components/responses/422'}
        """
        actor, given = acting_user(), uploaded_file()
        file = write(actor, lambda: chat_files.store(actor.id, chat_id, given.filename, given.stream))
        columns = ("id", "name", "size", "type", "width", "height", "thumbnail")
        shown = message_pages.file_json({name: getattr(file, name) for name in columns})
        return self.response(201, id=file.id, result=shown)

    @expose("/<int:chat_id>/files", methods=["GET"])
    @protect()
    @problems
    def files(self, chat_id: int) -> ResponseReturnValue:
        """The files of a chat, the newest first
        ---
        get:
          parameters:
          - {in: path, name: chat_id, schema: {type: integer}, required: true}
          - {in: query, name: before, schema: {type: integer}, description: "a file: those that came before it"}
          - {in: query, name: limit, schema: {type: integer, maximum: 100}}
          responses:
            200:
              description: "`files`, and whether there are `more`"
            404: {$ref: '#/components/responses/404'}
        """
        before, limit = number("before"), number("limit")
        found = chat_file_list.of_chat(
            acting_user().id, chat_id, before=before, limit=FILES_SHOWN if limit is None else limit
        )
        return self.response(200, **found)
